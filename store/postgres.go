package store

import (
	"context"
	"errors"
)

const committers = 3

func openPostgres(context.Context, *Store) (engine, error) { return nil, errors.New("soon") }
