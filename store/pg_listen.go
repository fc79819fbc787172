package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// listen implements engine: it hands hints on until the store closes, over a new connection when one is lost.
func (e *postgresEngine) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-e.store.closing
		cancel()
	}()
	for ctx.Err() == nil {
		if err := e.listenOnce(ctx); err != nil && ctx.Err() == nil {
			e.store.log.Warn("no hints from other nodes for now", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(redialAfter):
		}
	}
}

func (e *postgresEngine) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, e.cfg.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is lost, or closed by us
	if _, err := conn.Exec(ctx, "LISTEN "+hintChannel); err != nil {
		return err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		topic, payload, _ := strings.Cut(n.Payload, "\n")
		e.store.hint(Hint{topic, payload})
	}
}
