package cec

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
)

// finished returns the golden push of a platform, its account and the time to judge it by.
func finished(t testing.TB, d platform.Dialect) (platform.Push, *platformtest.Accounts, admit) {
	t.Helper()
	dir := filepath.Join("testdata", d.Info().ID)
	accounts, now := platformtest.ReadAccounts(t, d, dir)
	captured, err := os.ReadFile(filepath.Join(dir, "finished", "push.http"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := doctor.ReadCapture(d.Info(), captured)
	if err != nil {
		t.Fatal(err)
	}
	return p, accounts, func(p platform.Push) platform.Admission { return platform.Admit(d, accounts, p, now) }
}

type admit func(platform.Push) platform.Admission

// The budget of a push: 20 µs and at most 40 allocations from the body to the charge, everything checked.
func BenchmarkPush(b *testing.B) {
	for _, d := range Builtin() {
		b.Run(d.Info().ID, func(b *testing.B) {
			p, _, admit := finished(b, d)
			b.ReportAllocs()
			for b.Loop() {
				if a := admit(p); a.Refusal != nil {
					b.Fatal(a.Refusal)
				}
			}
		})
	}
}

func BenchmarkReply(b *testing.B) {
	d := Builtin()[0]
	p, _, admit := finished(b, d)
	a := admit(p)
	b.ReportAllocs()
	for b.Loop() {
		d.Reply(p, a.Account, platform.Verdict{Outcome: "accepted", Message: a.Message})
	}
}

func TestAllocations(t *testing.T) {
	for _, d := range Builtin() {
		p, _, admit := finished(t, d)
		if n := testing.AllocsPerRun(100, func() { admit(p) }); n > 40 {
			t.Errorf("%s: %v allocations to decode and verify a push; 40 are allowed", d.Info().ID, n)
		}
	}
}
