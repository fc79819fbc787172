package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/chargestamp/chargestamp/outbox"
)

// pgConn is one connection that runs each statement as it comes.
type pgConn struct {
	conn *pgx.Conn
	ctx  context.Context
	sunk error // what made the transaction unusable
}

// query implements link.
func (c *pgConn) query(q *statement, args []any, each func(*cells) error) error {
	if c.sunk != nil {
		return c.sunk
	}
	clean(args)
	if q.once {
		args = append([]any{pgx.QueryExecModeDescribeExec}, args...)
	}
	rows, err := c.conn.Query(c.ctx, q.dollars, args...)
	if err != nil {
		return c.sink(err)
	}
	defer rows.Close()
	var row cells
	for rows.Next() {
		if err := decodeRow(rows, &row); err != nil {
			return err
		}
		if err := each(&row); err != nil {
			return err
		}
		if row.err != nil {
			return row.err
		}
	}
	return c.sink(rows.Err())
}

// exec implements link.
func (c *pgConn) exec(q *statement, args []any) (int64, error) {
	if c.sunk != nil {
		return 0, c.sunk
	}
	clean(args)
	if q.once {
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	tag, err := c.conn.Exec(c.ctx, q.dollars, args...)
	return tag.RowsAffected(), c.sink(err)
}

// put implements link.
func (c *pgConn) put(q *statement, args []any, want int64) error {
	n, err := c.exec(q, args)
	if err == nil && want >= 0 && n != want {
		err = errMissed
	}
	return err
}

// sink keeps the first error of the database: PostgreSQL takes no more statements after it. A row that was
// stopped at ends no transaction.
func (c *pgConn) sink(err error) error {
	if err == nil {
		return nil
	}
	if pgCode(err) == uniqueViolation {
		err = fmt.Errorf("%w: %w", outbox.ErrRepeated, err)
	}
	if c.sunk == nil {
		c.sunk = err
	}
	return err
}

const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

func pgCode(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// decodeRow reads a row of rows into the values that cells knows.
func decodeRow(rows pgx.Rows, row *cells) error {
	raw, fields := rows.RawValues(), rows.FieldDescriptions()
	if len(row.vals) != len(raw) {
		row.vals = make([]any, len(raw))
	}
	row.next = 0
	for i, b := range raw {
		v, err := decodeValue(fields[i].DataTypeOID, fields[i].Format, b)
		if err != nil {
			return fmt.Errorf("store: column %s: %w", fields[i].Name, err)
		}
		row.vals[i] = v
	}
	return nil
}

func decodeValue(oid uint32, format int16, b []byte) (any, error) {
	if b == nil {
		return nil, nil
	}
	switch oid {
	case pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID:
		if format == pgtype.TextFormatCode {
			return strconv.ParseInt(string(b), 10, 64)
		}
		switch len(b) {
		case 8:
			return int64(binary.BigEndian.Uint64(b)), nil
		case 4:
			return int64(int32(binary.BigEndian.Uint32(b))), nil
		case 2:
			return int64(int16(binary.BigEndian.Uint16(b))), nil
		}
		return nil, io.ErrUnexpectedEOF
	case pgtype.ByteaOID:
		if format == pgtype.TextFormatCode {
			return nil, errors.New("bytes came as text")
		}
		return append([]byte{}, b...), nil
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.NameOID:
		return string(b), nil
	}
	return nil, fmt.Errorf("type %d is none of ours", oid)
}
