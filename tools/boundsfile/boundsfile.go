// Package boundsfile reads the files of bounds that tools hold: lines of a name and the number that it may not exceed.
package boundsfile

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Read reads a file of bounds; # starts a comment. An error says where the file is wrong; what is the word for a name.
func Read(file, what string) (map[string]int, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := map[string]int{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%s:%d: want a %s and a number", file, n, what)
		}
		if all[fields[0]], err = strconv.Atoi(fields[1]); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	return all, lines.Err()
}
