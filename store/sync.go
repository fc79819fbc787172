package store

import (
	"errors"
	"os"
	"path/filepath"
)

// syncFile forces a file, or the names in a folder, to disk.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolderOf makes a new file's name durable.
func syncFolderOf(name string) error { return syncFile(filepath.Dir(name)) }
