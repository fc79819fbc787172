package bounded

import (
	"fmt"
	"io"
	"os"
)

// MostSecret is how many bytes a file with a secret may have.
const MostSecret = 64 << 10

// File reads a regular file of at most most bytes. A device, a pipe or a folder is refused before it is opened.
func File(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1)) // it may have grown, or be of a file system without sizes
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return text, nil
}
