//go:build !linux

package store

import "os"

// reserve makes a file as large as it will be.
func reserve(f *os.File, size int64) error { return f.Truncate(size) }
