package app

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
)

// While the database is away the log has one line for each cause in ten seconds, however many things fail for it, on
// however many connections. What has another reason is said each time.
func TestLogWhileTheDatabaseIsAway(t *testing.T) {
	var out bytes.Buffer
	h := newHush(slog.NewTextHandler(&out, nil)).WithAttrs([]slog.Attr{slog.String("node", "a")})
	start := time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
	say := func(after time.Duration, text string, err error) {
		r := slog.NewRecord(start.Add(after), slog.LevelWarn, text, 0)
		r.AddAttrs(slog.Int("writes", 1), slog.Any([]string{"error", "err"}[int(after.Milliseconds())%2], err))
		if err := h.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		on := fmt.Errorf("read tcp 127.0.0.1:%d->127.0.0.1:5432: %w", 40000+i, syscall.ECONNREFUSED)
		say(time.Duration(i)*time.Millisecond, fmt.Sprint("work of kind ", i%7, " failed"),
			fmt.Errorf("%w: %w", outbox.ErrBusy, on))
	}
	say(time.Second, "a push was not stored", outbox.ErrBusy)
	say(11*time.Second, "work failed", fmt.Errorf("%w: %w", outbox.ErrBusy, syscall.ECONNREFUSED))
	for range 3 {
		say(time.Second, "a certificate cannot be read", errors.New("no such file"))
	}
	for what, want := range map[string]int{"connection refused": 2, "queue is full": 1 + 2, "count=1000": 1,
		"no such file": 3, "node=a": 6} {
		if got := strings.Count(out.String(), what); got != want {
			t.Errorf("%q stands %d times in the log, want %d:\n%s", what, got, want, out.String())
		}
	}
}
