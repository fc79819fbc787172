package platformtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chargestamp/chargestamp/platform"
)

// Find returns the dialect with an id.
func Find(t testing.TB, among []platform.Dialect, id string) platform.Dialect {
	t.Helper()
	for _, d := range among {
		if d.Info().ID == id {
			return d
		}
	}
	t.Fatalf("no platform %s", id)
	return nil
}

// File reads a file of a fixture.
func File(t testing.TB, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
