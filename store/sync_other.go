//go:build !linux

package store

import "os"

// syncData forces a file to disk.
func syncData(f *os.File) error { return f.Sync() }

func beginWriting(*os.File) {}
