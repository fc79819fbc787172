package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrPoolMode says that what stands before PostgreSQL hands one server connection to several clients in turn, as
// PgBouncer does with pool_mode = transaction or statement.
var ErrPoolMode = errors.New("the pooler before PostgreSQL shares server connections between clients")

// errPoolMode says what breaks and what to do.
func errPoolMode() error {
	return fmt.Errorf("store: %w: locks, prepared statements and LISTEN do not survive that. "+
		"Set pool_mode = session for this database in PgBouncer, or connect to PostgreSQL itself", ErrPoolMode)
}

// refusePoolMode returns ErrPoolMode where a pooler takes conn's server connection away between two statements. It
// holds a second connection in a transaction meanwhile: a pooler that shares hands it the server connection that conn
// has just used.
func (e *postgresEngine) refusePoolMode(ctx context.Context, conn *pgx.Conn) error {
	first, err := serverProcess(ctx, conn)
	if err != nil {
		return err
	}
	second, err := pgx.ConnectConfig(ctx, e.cfg.Copy())
	if err != nil {
		return wrapf(err, "connect to PostgreSQL")
	}
	defer second.Close(context.WithoutCancel(ctx))
	tx, err := second.Begin(ctx)
	if err != nil {
		if strings.Contains(err.Error(), "statement pooling mode") {
			return errPoolMode()
		}
		return wrapf(err, "begin a transaction")
	}
	other, err := serverProcess(ctx, tx)
	if err != nil {
		return err
	}
	again, err := serverProcess(ctx, conn)
	if err != nil {
		return err
	}
	if other == first || again != first {
		return errPoolMode()
	}
	return nil
}

// serverProcess returns the process id of the server that answers. It prepares no statement, which a pooler that
// shares would lose.
func serverProcess(ctx context.Context, conn interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}) (id int64, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&id)
	return id, wrapf(err, "ask for the server's process")
}

// applySettings sets parameters of the server for one connection. They are not sent with the request to connect:
// PgBouncer refuses the ones that it does not know.
func applySettings(ctx context.Context, conn *pgx.Conn, settings map[string]string) error {
	calls := make([]string, 0, len(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		calls = append(calls, "set_config('"+name+"', '"+settings[name]+"', false)")
	}
	_, err := conn.Exec(ctx, "SELECT "+strings.Join(calls, ", "))
	return wrapf(err, "set %v", slices.Sorted(maps.Keys(settings)))
}
