package app

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// A full data disk takes nothing new and frees the room that was kept; with room again it takes all.
func TestBallast(t *testing.T) {
	var free, total int64 = 500, 1000
	var log bytes.Buffer
	b := &ballast{file: filepath.Join(t.TempDir(), ballastFile), size: 100,
		room: func() (int64, int64) { return free, total }, logger: slog.New(slog.NewTextHandler(&log, nil))}
	b.full.Store(true)
	s, err := store.Open(t.Context(), store.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	kept := roomy{storage{s}, b}
	for _, step := range []struct {
		name        string
		free, total int64
		full        bool
	}{
		{"at the start", 500, 1000, false},
		{"it fills", 100, 1000, false},
		{"it is full", 99, 1000, true},
		{"what was given up is no room", 199, 1000, true},
		{"not enough to lay it by again", 299, 1000, true},
		{"room", 300, 1000, false},
		{"full again", 0, 1000, true},
		{"it cannot be asked", 0, 0, true},
		{"room again", 900, 1000, false},
		{"it cannot be asked while there is room", 0, 0, false},
	} {
		free, total = step.free, step.total
		b.look(t.Context())
		err := kept.Write(t.Context(), nil, func(flow.Tx) error { return nil })
		if b.full.Load() != step.full || errors.Is(err, outbox.ErrBusy) != step.full || b.laid() == step.full {
			t.Errorf("%s: full %t, laid %t, a write says %v", step.name, b.full.Load(), b.laid(), err)
		}
		if err := kept.WriteSoon(t.Context(), nil, func(flow.Tx) error { return nil }); err != nil {
			t.Errorf("%s: what was begun cannot be finished: %v", step.name, err)
		}
	}
	if n := strings.Count(log.String(), "the data disk is full"); n != 2 {
		t.Errorf("it was full twice, and the log says so %d times", n)
	}
}

// A server keeps room on its disk from its first start on, and finds it again.
func TestServerLaysBallastBy(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	info, err := os.Stat(filepath.Join(cfg.Data, ballastFile))
	if err != nil || info.Size() != s.ballast.size || info.Mode().Perm() != 0o600 || s.ballast.full.Load() {
		t.Errorf("ballast %v, %v", info, err)
	}
}
