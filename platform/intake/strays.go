package intake

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// mostStrays bounds the paths that are remembered of one class of addresses.
const mostStrays = 100

// Stray is a request that nothing serves: an unknown path, or a method that is not POST on a known one.
type Stray struct {
	Class  string // of the address: "private" or "public"
	Method string
	Path   string // clipped
	Remote string
	Hint   charge.Note // what is likely wrong; the zero note where nothing is known
	Count  int64
	First  time.Time
	Last   time.Time
}

// strays remembers the last unknown paths of each class of addresses, so that scanners of the internet push out no
// platform of one's own network.
type strays struct {
	mu    sync.Mutex
	seen  map[strayKey]*Stray
	count map[string]int   // of paths, by class
	total map[string]int64 // of requests, by class; what is forgotten counts on
}

type strayKey struct{ class, method, path string }

// class of an address.
func class(at netip.Addr) string {
	if at.IsPrivate() || at.IsLoopback() || at.IsLinkLocalUnicast() {
		return "private"
	}
	return "public"
}

// add counts a request that nothing serves. hint is asked for a path that is new.
func (s *strays) add(method, path string, hint func() charge.Note, at netip.Addr, now time.Time) {
	key := strayKey{class(at), platform.Clip(method), platform.Clip(unsecret(path))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.count, s.total = map[strayKey]*Stray{}, map[string]int{}, map[string]int64{}
	}
	s.total[key.class]++
	found := s.seen[key]
	if found == nil {
		if s.count[key.class] >= mostStrays {
			s.forget(key.class)
		}
		found = &Stray{Class: key.class, Method: key.method, Path: key.path, Hint: hint(), First: now}
		s.seen[key] = found
		s.count[key.class]++
	}
	found.Remote, found.Last = at.String(), now
	found.Count++
}

// shortestSecret is how long a segment of a path must be to be taken for a path token.
const shortestSecret = 16

// unsecret masks what may be a path token: a long segment with a digit in it, as no published path has.
func unsecret(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if len(s) >= shortestSecret && strings.ContainsAny(s, "0123456789") {
			segments[i] = "•••"
		}
	}
	return strings.Join(segments, "/")
}

// forget drops the path of a class that was asked for the longest ago.
func (s *strays) forget(class string) {
	var oldest strayKey
	var last time.Time
	for key, stray := range s.seen {
		if key.class == class && (last.IsZero() || stray.Last.Before(last)) {
			oldest, last = key, stray.Last
		}
	}
	delete(s.seen, oldest)
	s.count[class]--
}

// StrayCount is how many requests of a class of addresses, "private" or "public", nothing has served.
func (in *Intake) StrayCount(class string) int64 {
	in.strays.mu.Lock()
	defer in.strays.mu.Unlock()
	return in.strays.total[class]
}

// Strays lists the last requests that nothing served, the newest first.
func (in *Intake) Strays() []Stray {
	in.strays.mu.Lock()
	defer in.strays.mu.Unlock()
	var all []Stray
	for _, s := range in.strays.seen {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Stray) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Path, b.Path))
	})
	return all
}

// Hint says what is likely wrong with an unknown path: a slash too many, another case; the zero note where nothing is
// known.
func (in *Intake) Hint(path string) charge.Note {
	squeezed := strings.Split(path, "/")
	squeezed = slices.DeleteFunc(squeezed, func(s string) bool { return s == "" })
	plain := "/" + strings.Join(squeezed, "/")
	for known, r := range in.routes {
		switch {
		case known == plain && strings.HasSuffix(path, "/"):
			return charge.Say("stray.slash_end", charge.Text("path", known), charge.Text("platform", r.id))
		case known == plain:
			return charge.Say("stray.slash", charge.Text("path", known), charge.Text("platform", r.id))
		case strings.EqualFold(known, plain):
			return charge.Say("stray.case", charge.Text("path", known), charge.Text("platform", r.id))
		}
	}
	return charge.Note{}
}

// Unserved counts a request that nothing serves.
func (in *Intake) Unserved(method, path string, at netip.Addr) {
	in.strays.add(method, path, func() charge.Note { return in.Hint(path) }, at, in.Clock())
}
