package bench

import "testing"

func TestParseStat(t *testing.T) {
	for text, want := range map[string]procStat{
		"cpu  100 20 30 4000 50 6 7 800 0 0\ncpu0 1 1 1 1 1 1 1 1\n": {worked: 163, kept: 800},
		"cpu  100 20 30 4000 50 6 7\n":                               {}, // a kernel before steal
		"cpu  100 20 30 4000 50 6 x 800 0 0\n":                       {},
		"":                                                           {},
	} {
		if got := parseStat(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestHostRow(t *testing.T) {
	now := WatchHost().begin
	if now.worked == 0 {
		return // this system does not tell
	}
	since := Host{procStat{worked: now.worked - 90, kept: now.kept - 10}}
	rows := since.Rows()
	if len(rows) != 1 || rows[0].Value <= 0 || rows[0].Value >= 100 || rows[0].Hold != nil {
		t.Errorf("%+v", rows)
	}
}
