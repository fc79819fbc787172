package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/outbox"
)

// ballast is room on the data disk that is given up when the disk is full: what was answered still comes into the
// tables, staff sign in and look, alerts are sent and lines stay up. Nothing new is taken until there is room again.
type ballast struct {
	file   string
	size   int64
	room   func() (free, total int64) // of the data disk; 0 of 0 where that is not known
	logger *slog.Logger
	full   atomic.Bool
}

const (
	ballastFile  = "ballast"
	ballastMost  = 16 << 20
	ballastPart  = 16 // of the disk: no more than its sixteenth part
	ballastAgain = 3  // times the ballast must be free for it to be laid by again
	ballastEvery = time.Second
)

// layBallast makes room in the data folder; where there is none at the start, later.
func (a *App) layBallast() {
	room := func() (int64, int64) { return disk(a.cfg.Data, a.logger) }
	_, total := room()
	b := &ballast{file: filepath.Join(a.cfg.Data, ballastFile), size: min(ballastMost, total/ballastPart), room: room,
		logger: a.logger}
	if total > 0 {
		b.full.Store(true) // until it is there
		b.look(context.Background())
	}
	a.ballast = b
}

// look frees the room where the disk is full, and takes it back where it is not any more.
func (b *ballast) look(ctx context.Context) {
	free, total := b.room()
	switch full := b.full.Load(); {
	case total == 0:
	case !full && free < b.size:
		b.full.Store(true)
		if err := os.Remove(b.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			b.logger.ErrorContext(ctx, "the reserve file on the data disk cannot be deleted", "error", err)
		}
		b.logger.ErrorContext(ctx, "the data disk is full: nothing new is taken until there is room",
			"free", free, "wanted", ballastAgain*b.size)
	case full && (b.laid() || free >= ballastAgain*b.size):
		if err := b.lay(); err != nil {
			return // it is tried again
		}
		b.full.Store(false)
	}
}

// laid reports whether the ballast of an earlier start is there.
func (b *ballast) laid() bool {
	info, err := os.Stat(b.file)
	return err == nil && info.Size() == b.size
}

// lay writes the ballast: a file without content would take no room.
func (b *ballast) lay() error {
	if b.laid() {
		return nil
	}
	err := os.WriteFile(b.file, make([]byte, b.size), 0o600)
	if err != nil {
		err = errors.Join(err, os.Remove(b.file))
	}
	return err
}

// roomy is storage that takes nothing new while the data disk is full. What was begun is finished.
type roomy struct {
	storage
	ballast *ballast
}

// Write is storage's, or outbox.ErrBusy.
func (r roomy) Write(ctx context.Context, visits []charge.VisitKey, fn func(flow.Tx) error) error {
	if r.ballast.full.Load() {
		return outbox.ErrBusy
	}
	return r.storage.Write(ctx, visits, fn)
}

// storageOf is where flow keeps what it takes. On PostgreSQL the data disk is the database's own matter.
func (a *App) storageOf() flow.Storage {
	if a.cfg.Database.URL != "" {
		return storage{a.store}
	}
	a.layBallast()
	return roomy{storage{a.store}, a.ballast}
}
