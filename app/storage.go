package app

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/store"
)

// storage shows the store to flow: package store may not know flow's Tx, and has it all the same.
type storage struct{ *store.Store }

var _ flow.Storage = storage{}

// Write runs fn in a durable transaction that holds the visits.
func (s storage) Write(ctx context.Context, visits []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.Write(ctx, visits, func(tx *store.Tx) error { return fn(tx) })
}

// WriteSoon is Write for what no caller waits for.
func (s storage) WriteSoon(ctx context.Context, visits []charge.VisitKey, fn func(flow.Tx) error) error {
	return s.Store.WriteSoon(ctx, visits, func(tx *store.Tx) error { return fn(tx) })
}

// Read runs fn on a snapshot.
func (s storage) Read(ctx context.Context, fn func(flow.Tx) error) error {
	return s.Store.Read(ctx, func(tx *store.Tx) error { return fn(tx) })
}
