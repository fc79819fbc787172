// Package intake is the door for platforms: paths, sizes, rates and addresses. What a push says is for a dialect
// (package platform), what becomes of it for the Taker.
package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/platform"
)

// MaxBody is the largest body of a push. The largest real one is a hundredth of it.
const MaxBody = 64 << 10

// Default rates let an honest peak through; docs/config.md says how to change them.
const (
	DefaultPerAccount = 1000
	DefaultPerAddress = 2000
)

// Config is what an intake needs. Dialects, Accounts and Taker must be given.
type Config struct {
	Dialects []platform.Dialect
	Accounts platform.Accounts
	Taker    platform.Taker
	Clock    func() time.Time // nil: time.Now
	// TrustedProxies are the proxies whose X-Forwarded-For is believed. From any other peer the header is junk.
	TrustedProxies []netip.Prefix
	// PerAccount and PerAddress are pushes per second; zero is the default. A peak of one second passes at once.
	PerAccount, PerAddress float64
	Logger                 *slog.Logger // nil: none
	// Metrics is called for every push on a platform's path, after its answer; it may be nil.
	Metrics func(platform string, outcome charge.Outcome, took time.Duration)
	// Mark makes of a path token what is stored in its place; nil: nothing is.
	Mark func(token charge.Secret) string
	// Next serves every path that is no platform's; nil answers 404.
	Next http.Handler
	// Former is the intake that this one takes the place of: requests that nothing served stay counted. nil: none.
	Former *Intake
}

// Intake is the HTTP front that platforms push to. It knows paths, sizes, rates and addresses; what a push says
// and what becomes of it is for dialects and the Taker. Every answer is the platform's own, with the status 200 that
// they expect; only what never reaches a dialect has a status of its own: 404, 405, 413.
type Intake struct {
	Config
	routes   routeTable
	accounts *limit.Rate[string]
	clients  *limit.Rate[netip.Addr]
	strays   *strays
}

// New makes an intake. Two platforms that want one path, and a path that cannot be matched byte for byte,
// are errors.
func New(c Config) (*Intake, error) {
	if c.Accounts == nil || c.Taker == nil {
		return nil, errors.New("an intake needs accounts and a taker of pushes")
	}
	routes, err := newRouteTable(c.Dialects)
	if err != nil {
		return nil, err
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = func(string, charge.Outcome, time.Duration) {}
	}
	if c.Mark == nil {
		c.Mark = func(charge.Secret) string { return "" }
	}
	if c.Next == nil {
		c.Next = http.NotFoundHandler()
	}
	seen := &strays{}
	if c.Former != nil {
		seen, c.Former = c.Former.strays, nil
	}
	return &Intake{
		Config: c, routes: routes, strays: seen,
		accounts: limit.NewRate[string](cmp.Or(c.PerAccount, DefaultPerAccount)),
		clients:  limit.NewRate[netip.Addr](cmp.Or(c.PerAddress, DefaultPerAddress)),
	}, nil
}

// Served lists every path that is served, in both spellings, sorted.
func (in *Intake) Served() []Served {
	var all []Served
	for path, r := range in.routes {
		all = append(all, Served{Path: path, Platform: r.id, Route: r.route})
	}
	slices.SortFunc(all, func(a, b Served) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// Owner returns the platform of a path, with or without a path token behind it; false where no platform has the path.
func (in *Intake) Owner(path string) (platform string, ok bool) {
	r, _, ok := in.routes.find(path)
	return r.id, ok
}

// ServeHTTP takes one push.
func (in *Intake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, token, ok := in.routes.find(r.URL.Path)
	if !ok {
		answer := &statusWriter{ResponseWriter: w}
		in.Next.ServeHTTP(answer, r)
		if answer.status == http.StatusNotFound {
			in.Unserved(r.Method, r.URL.Path, ClientAddr(r, in.TrustedProxies))
		}
		return
	}
	if r.Method != http.MethodPost {
		in.strays.add(r.Method, r.URL.Path, func() charge.Note { return charge.Say("stray.method") },
			ClientAddr(r, in.TrustedProxies), in.Clock())
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	v := visit{Intake: in, routed: to, push: platform.Push{
		Platform: to.id, Route: to.route, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header,
		PathToken: token, Remote: ClientAddr(r, in.TrustedProxies), Received: in.Clock(),
	}}
	if token != "" {
		v.push.Path, v.push.PathMark = platform.ParentPath(r.URL.Path), in.Mark(token)
	}
	write(w, v.serve(r))
	in.Metrics(to.id, v.outcome, in.Clock().Sub(v.push.Received))
}

// visit is one push on its way through the intake.
type visit struct {
	*Intake
	routed
	push    platform.Push
	outcome charge.Outcome
}

// serve returns the answer. A panic of ours is answered as the platform's general failure and logged; nothing of
// the push was stored then.
func (v *visit) serve(r *http.Request) (answer platform.Reply) {
	defer func() {
		if fault := recover(); fault != nil {
			v.Logger.Error("panic while handling a push", "platform", v.id, "fault", fmt.Sprint(fault),
				"stack", string(debug.Stack()))
			v.outcome = charge.OutcomeBusy
			answer = v.broken()
		}
	}()
	return v.take(r)
}

// broken is the answer of last resort.
func (v *visit) broken() (answer platform.Reply) {
	defer func() {
		if recover() != nil {
			answer = platform.Reply{Status: http.StatusInternalServerError, Type: "text/plain; charset=utf-8",
				Body: []byte("500\n")}
		}
	}()
	return v.dialect.Reply(v.push, nil, platform.Verdict{})
}

func (v *visit) take(r *http.Request) platform.Reply {
	if !v.clients.Allow(limit.Network(v.push.Remote), v.push.Received) {
		return v.refuse(r.Context(), platform.Admission{Refusal: platform.Refuse(platform.StepBody, charge.OutcomeRateLimited,
			charge.Say("push.many_from_address", charge.Text("address", v.push.Remote.String())))})
	}
	body, refused := readBody(r)
	if refused != nil {
		return v.refuse(r.Context(), platform.Admission{Refusal: refused})
	}
	v.push.Body = body
	admitted := platform.Admit(v.dialect, v.Accounts, v.push, v.push.Received)
	v.push.Parsed = admitted.Parsed
	v.push.PathToken = "" // has done its work, and is kept nowhere
	if admitted.Refusal != nil {
		return v.refuse(r.Context(), admitted)
	}
	// An account's rate is spent by what was opened with its keys: strangers cannot spend it.
	if !v.accounts.Allow(admitted.Account.ID, v.push.Received) {
		admitted.Refusal = platform.Refuse(platform.StepAccount, charge.OutcomeRateLimited,
			charge.Say("push.many_of_account"))
		return v.refuse(r.Context(), admitted)
	}
	return v.Taker.Take(r.Context(), v.push, *admitted.Account, *admitted.Message,
		func(verdict platform.Verdict) platform.Reply {
			if verdict.Message == nil {
				verdict.Message = admitted.Message
			}
			v.outcome = verdict.Outcome
			return v.dialect.Reply(v.push, admitted.Account, verdict)
		})
}

// refuse records a refusal and returns the platform's terse word for it.
func (v *visit) refuse(ctx context.Context, a platform.Admission) platform.Reply {
	v.outcome = a.Refusal.Outcome
	v.push.PathToken = ""
	answer := v.dialect.Reply(v.push, a.Account, platform.Verdict{Outcome: v.outcome, Message: a.Message})
	if v.outcome == charge.OutcomeTooLarge {
		answer.Status = http.StatusRequestEntityTooLarge
	}
	account := ""
	if a.Account != nil {
		account = a.Account.ID
	}
	// The reason quotes its sender, who may have written a plate anywhere: it stands in the list of pushes alone.
	v.Logger.Debug("push refused", "platform", v.id, "account", account, "remote", v.push.Remote, "step", a.Refusal.Step,
		"outcome", v.outcome)
	v.Taker.Refuse(ctx, v.push, account, a.Refusal, answer)
	return answer
}

// readBody reads at most MaxBody. A length that says more is not waited for.
func readBody(r *http.Request) ([]byte, *platform.Refusal) {
	tooLarge := func() *platform.Refusal {
		return platform.Refuse(platform.StepBody, charge.OutcomeTooLarge,
			charge.Say("push.body_too_long", charge.Count("bytes", MaxBody)))
	}
	if r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead) // read in one go, with room to see the end
	}
	n, err := b.ReadFrom(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil:
		return nil, platform.Refuse(platform.StepBody, charge.OutcomeBadBody,
			charge.Say("push.body_broke_off", charge.Count("bytes", n)))
	case n > MaxBody:
		return nil, tooLarge()
	}
	return b.Bytes(), nil
}

func write(w http.ResponseWriter, a platform.Reply) {
	h := w.Header()
	h.Set("Content-Type", a.Type)
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a sender that is gone asks again
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection: a long poll sets deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
