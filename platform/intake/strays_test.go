package intake

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/platform"
)

// What nothing serves is counted by class of address, and strangers push out no path of one's own network.
func TestStrays(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	in := &Intake{strays: &strays{}, Config: Config{Clock: func() time.Time { now = now.Add(time.Second); return now }},
		routes: routeTable{"/zld/xiaoju/reduce": routed{id: "xiaoju", route: platform.Route{Path: "/zld/xiaoju/reduce"}}}}
	ours, theirs := netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("198.51.100.9")
	in.Unserved("POST", "/zld/xiaoju/reduce/", ours)
	in.Unserved("POST", "/zld/xiaoju/reduce/", ours)
	for i := range 3 * mostStrays {
		in.Unserved("GET", fmt.Sprint("/wp-", i), theirs)
	}
	all := in.Strays()
	if len(all) != mostStrays+1 {
		t.Fatalf("%d are remembered", len(all))
	}
	if all[0].Path != fmt.Sprint("/wp-", 3*mostStrays-1) {
		t.Errorf("the newest is %s", all[0].Path)
	}
	last := all[len(all)-1]
	if last.Class != "private" || last.Count != 2 || last.Hint.Code != "stray.slash_end" {
		t.Errorf("%+v", last)
	}
	for path, want := range map[string]string{"/zld//xiaoju/reduce": "stray.slash",
		"/zld/xiaoju/Reduce": "stray.case", "/other": ""} {
		if got := in.Hint(path); got.Code != want {
			t.Errorf("%s: %q", path, got)
		}
	}
}
