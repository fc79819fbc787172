package store

import "context"

func (e *sqliteEngine) upkeep() {}

func (e *sqliteEngine) integrity(ctx context.Context) error { return nil }
