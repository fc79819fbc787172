package main

type rulesCommand struct{}
type migrateCommand struct{}
type backupCommand struct{}
type restoreCommand struct{}
type copyCommand struct{}
type verifyCommand struct{}
type versionCommand struct{}
