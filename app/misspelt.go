package app

import (
	"slices"
	"strings"
)

// Misspelt is a variable of the environment that is no setting and is spelt nearly like one.
type Misspelt struct{ Name, Meant string }

// mostEdits is how many letters a misspelt name differs in.
const mostEdits = 2

// MisspeltEnv finds misspelt settings among the names of an environment ("NAME=value" each).
func MisspeltEnv(environ []string) (found []Misspelt) {
	settings := []string{"CHARGESTAMP_TOKEN"} // of the command line
	_ = new(Config).ReadEnv(func(name string) (string, bool) {
		settings = append(settings, name)
		return "", false
	})
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "CHARGESTAMP_") || slices.Contains(settings, name) {
			continue
		}
		for _, setting := range settings {
			if edits(name, setting) <= mostEdits {
				found = append(found, Misspelt{name, setting})
				break
			}
		}
	}
	return found
}

// edits counts the letters to put in, take out or change to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
