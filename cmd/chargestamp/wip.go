package main

type rulesCommand struct{}
type migrateCommand struct{}
type backupCommand struct{}
type restoreCommand struct{}
type copyCommand struct{}
type verifyCommand struct{}
type benchCommand struct{}
type soakCommand struct{}
type versionCommand struct{}
