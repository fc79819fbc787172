//go:build !linux

package store_test

// Only Linux lets a test make its own disk fail.
const fatalEnv = "CHARGESTAMP_STORE_FATAL"

func writeUntilFatal(string) int { return 1 }
