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
	conn := e.ears
	for ctx.Err() == nil {
		err := error(nil)
		if conn == nil {
			conn, err = e.openEars(ctx)
		}
		if err == nil {
			err = e.hear(ctx, conn)
		}
		conn = nil
		if ctx.Err() == nil {
			e.store.log.Warn("hints from other nodes do not arrive; this node polls", "error", lostAsBusy(ctx, err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(redialAfter):
		}
	}
}

// openEars opens a connection that hears hints.
func (e *postgresEngine) openEars(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, e.cfg.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+hintChannel); err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// hear hands hints on until the connection is lost.
func (e *postgresEngine) hear(ctx context.Context, conn *pgx.Conn) error {
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		topic, payload, _ := strings.Cut(n.Payload, "\n")
		e.store.hint(Hint{topic, payload})
	}
}
