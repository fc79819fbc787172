package platformtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// forge changes everything about each accepted case that a stranger could change, and holds what still passes
// against unsealed.txt.
func (r *runner) forge(t *testing.T, names []string, read map[string]platform.Admission) {
	t.Helper()
	var open opening
	needed := map[string]bool{}
	forged := map[string]string{} // what a push left open; cases that differ in their verdict share one
	for _, name := range names {
		base := read[name]
		if base.Refusal != nil || base.Message == nil || declined(base.Message) || !r.signed(base.Account) {
			continue
		}
		p, c := r.push(t, name)
		same := fmt.Sprint(p.Path, p.PathToken.Reveal(), p.Query, p.Header, p.Remote, p.Received, string(p.Body))
		if lines, again := forged[same]; again {
			open.add(name, lines)
			continue
		}
		f := forger{runner: r, push: p, at: c, want: printed(base.Message)}
		f.body()
		f.headers()
		f.query()
		f.keys(needed)
		for _, fault := range f.faults {
			t.Errorf("%s: %s", name, fault)
		}
		forged[same] = strings.Join(f.open, "")
		open.add(name, forged[same])
	}
	if len(open) == 0 {
		if !r.info.NeedsLock {
			t.Error("no case was forged: none is accepted and signed")
		}
		return
	}
	for _, key := range r.accounts.keyNames() {
		if !needed[key] {
			t.Errorf("every case passes without the key %s", key)
		}
	}
	r.compare(t, "", "unsealed.txt", open.String())
}

// opening is unsealed.txt: cases that leave the same open stand together.
type opening []struct{ cases, lines string }

func (o *opening) add(name, lines string) {
	for i := range *o {
		if at := &(*o)[i]; at.lines == lines {
			at.cases += ", " + name
			return
		}
	}
	*o = append(*o, struct{ cases, lines string }{name, lines})
}

// String prints one paragraph for each set of cases that leave the same bytes unsealed.
func (o opening) String() string {
	paragraphs := make([]string, len(o))
	for i, at := range o {
		paragraphs[i] = fmt.Sprintf("# %s\n%s", at.cases, at.lines)
	}
	return strings.Join(paragraphs, "\n")
}

// signed reports whether the account's pushes are signed, by what the dialect says of itself.
func (r *runner) signed(a *platform.Account) bool {
	if r.info.NeedsLock {
		return false
	}
	return r.info.LockUnless == "" ||
		!slices.ContainsFunc(a.Keys, func(k platform.Keys) bool { return k[r.info.LockUnless] == "" })
}

func declined(m *platform.Message) bool {
	return m.Question != nil && m.Question.Token != nil && m.Question.Token.Refused != 0
}

type forger struct {
	*runner
	push   platform.Push
	at     Case
	want   string   // what the untouched push reads as
	open   []string // lines for unsealed.txt
	faults []string
}

// passes reports whether a changed push is taken, and whether it reads the same.
func (f *forger) passes(p platform.Push, accounts platform.Accounts) (taken, same bool) {
	got := platform.Admit(f.dialect, accounts, p, f.runner.at(f.at))
	if got.Refusal != nil || declined(got.Message) {
		return false, false
	}
	return true, printed(got.Message) == f.want
}

func (f *forger) note(format string, args ...any) {
	f.open = append(f.open, fmt.Sprintf(format, args...)+"\n")
}

func (f *forger) fault(format string, args ...any) {
	f.faults = append(f.faults, fmt.Sprintf(format, args...))
}

// flips calls try with every one-bit change of text, and notes the letters whose case may change. Anything else
// that is taken is a fault. It returns how many changes were taken and how many there were.
func (f *forger) flips(where string, text []byte, try func(changed []byte) (taken, same bool)) (taken, tried int) {
	letters := make([]bool, len(text))
	changed := slices.Clone(text)
	var wild []string
	for i, was := range text {
		for bit := range 8 {
			changed[i] = was ^ 1<<bit
			tried++
			if ok, same := try(changed); ok {
				taken++
				letters[i] = bit == 5 && isLetter(was) && same
				if !letters[i] {
					wild = append(wild, fmt.Sprintf("%s: byte %d, %q for %q, is taken (reads the same: %v)", where, i, changed[i], was,
						same))
				}
			}
		}
		changed[i] = was
	}
	if taken == tried {
		return taken, tried // not read at all: the caller says whether that is right
	}
	f.faults = append(f.faults, wild...)
	for from := 0; from < len(text); from++ {
		if !letters[from] {
			continue
		}
		to := from
		for to < len(text) && (letters[to] || isDigit(text[to])) {
			to++
		}
		for from > 0 && isDigit(text[from-1]) {
			from--
		}
		f.note(where+", case of %s", run(text[from:to]))
		from = to
	}
	return taken, tried
}

// run names letters whose case may change, hex by its length.
func run(text []byte) string {
	if bytes.ContainsFunc(text, func(c rune) bool { return c < 'A' }) {
		return fmt.Sprintf("hex, %d digits", len(text))
	}
	return fmt.Sprintf("%q", text)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (f *forger) body() {
	taken, tried := f.flips("body", f.push.Body, func(changed []byte) (bool, bool) {
		p := f.push
		p.Body = changed
		return f.passes(p, f.accounts)
	})
	if taken == tried {
		f.fault("the body is not read at all")
	}
	for _, body := range [][]byte{nil, f.push.Body[:len(f.push.Body)/2], bytes.Repeat(f.push.Body, 2)} {
		p := f.push
		p.Body = body
		if ok, _ := f.passes(p, f.accounts); ok {
			f.fault("a body of %d bytes in place of %d is taken", len(body), len(f.push.Body))
		}
	}
}

// headers: one is either not read, and then nothing about it matters, or it is part of the seal.
func (f *forger) headers() {
	names := make([]string, 0, len(f.push.Header))
	for name := range f.push.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		with := func(values ...string) (bool, bool) {
			p := f.push
			p.Header = f.push.Header.Clone()
			p.Header[name] = values
			return f.passes(p, f.accounts)
		}
		where := "header " + name
		taken, tried := f.flips(where, []byte(f.push.Header.Get(name)),
			func(changed []byte) (bool, bool) { return with(string(changed)) })
		gone, same := with()
		switch {
		case taken == tried && gone && same:
			f.note("%s is not read", where)
		case taken == tried:
			f.fault("%s may hold anything, and is missed when it is not there", where)
		case gone:
			f.fault("%s is read when it is there, and the push is taken without it", where)
		}
	}
	p := f.push
	p.Header = http.Header{}
	p.Header.Set("X-Forged", "1")
	if ok, same := f.passes(p, f.accounts); ok && !same {
		f.fault("without its headers the push reads otherwise")
	}
}

func (f *forger) query() {
	for _, query := range []string{"", "forged=1", f.push.Query + "&forged=1"} {
		p := f.push
		p.Query = query
		if ok, same := f.passes(p, f.accounts); ok && !same {
			f.fault("with the query %q the push reads otherwise", query)
		} else if !ok && f.push.Query == "" {
			f.fault("with the query %q the push is refused", query)
		}
	}
	f.flips("query", []byte(f.push.Query), func(changed []byte) (bool, bool) {
		p := f.push
		p.Query = string(changed)
		return f.passes(p, f.accounts)
	})
}

// keys takes each key away and changes each. One that a case can do without is noted; needed collects those
// that it cannot.
func (f *forger) keys(needed map[string]bool) {
	for _, key := range f.accounts.keyNames() {
		without, _ := f.passes(f.push, f.accounts.with(func(k platform.Keys, _ *platform.Account) { delete(k, key) }))
		changed, _ := f.passes(f.push, f.accounts.with(func(k platform.Keys, _ *platform.Account) {
			other := k[key].Bytes()
			for i := range other {
				other[i] ^= 1
			}
			k[key] = charge.Secret(other)
		}))
		switch {
		case without != changed:
			f.fault("key %s: taken without it is %v, taken with another is %v", key, without, changed)
		case without:
			f.note("key %s is not needed", key)
		default:
			needed[key] = true
		}
	}
	hasToken := slices.ContainsFunc(f.info.Routes, func(r platform.Route) bool { return r.Kind == platform.RouteToken })
	if hasToken && f.push.Route.Kind == platform.RouteCharge {
		if ok, _ := f.passes(f.push, f.accounts.with(func(_ platform.Keys, a *platform.Account) { a.TokenKey = nil })); ok {
			f.fault("a site without a token key takes any token")
		}
	}
}
