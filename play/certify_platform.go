package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// exam is one run of a checklist.
type exam struct {
	cfg    CertifyConfig
	sheet  Sheet
	player *Player
	rand   *rand.Rand
	orders int
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }

// play is the platform's player; it is made at the first use.
func (x *exam) play() *Player {
	if x.player == nil {
		x.player = &Player{BaseURL: client.BaseURL(x.cfg.HTTP), Platform: x.cfg.Platform, Keys: x.cfg.Keys,
			PathToken: x.cfg.PathToken}
	}
	return x.player
}

// fresh is a push of its own car and order that ended half an hour ago. Another exam may run in the same
// second: part of the number is chance.
func (x *exam) fresh() Push {
	now := time.Now()
	p := DefaultPush(now)
	x.orders++
	p.Lot, p.Charger, p.Plate = x.cfg.Lot, x.cfg.Charger, x.plate()
	p.Order = fmt.Sprintf("%s%06d%03d", now.In(charge.Shanghai).Format("20060102150405"), x.rand.IntN(1e6), x.orders)
	p.Start, p.End = now.Add(-2*time.Hour).Truncate(time.Second), now.Add(-30*time.Minute).Truncate(time.Second)
	return p
}

// plate makes up a car that no lot has: what a run lets in and pushes for is known as its own by the plate.
func (x *exam) plate() charge.Plate {
	p := RandomPlate(x.rand).Full()
	_, province := utf8.DecodeRuneInString(p)
	return charge.Plate(charge.TrialMark + p[province:])
}

// platform examines how a platform's pushes are taken.
func (x *exam) platform(ctx context.Context) error {
	v, err := voiceOf(x.cfg.Platform)
	if err != nil {
		return err
	}
	if v.token != "" {
		x.check(ctx, "query_token: a token for the right secret", x.goodToken)
		x.check(ctx, "query_token: none for a wrong secret", x.badToken)
	}
	if !x.pushes(ctx, v) {
		return nil
	}
	x.check(ctx, "GET is refused with 405", func(ctx context.Context) (string, error) {
		return x.status(ctx, func(r *Request) { r.Method = http.MethodGet }, http.StatusMethodNotAllowed)
	})
	x.check(ctx, "a body of 70,000 bytes is refused with 413", func(ctx context.Context) (string, error) {
		return x.status(ctx, func(r *Request) { r.Body = append(r.Body, bytes.Repeat([]byte(" "), 70_000)...) },
			http.StatusRequestEntityTooLarge)
	})
	x.check(ctx, "an unknown path is refused with 404", func(ctx context.Context) (string, error) {
		return x.status(ctx, func(r *Request) { r.Path = strings.Replace(r.Path, "/zld/", "/zld/nowhere/", 1) },
			http.StatusNotFound)
	})
	if v.inquiry != "" {
		x.check(ctx, "a plate query is answered", x.inquire)
	}
	return x.wholeWay(ctx)
}

// pushes makes the checks that every checklist has, and reports whether it is worth going on: where a good push is
// refused, nothing else can be distinguished from a wrong set-up.
func (x *exam) pushes(ctx context.Context, v voice) bool {
	if !x.check(ctx, "a good push is taken", x.good) {
		return false
	}
	x.check(ctx, "the same push again is taken, answered alike", x.duplicate)
	x.check(ctx, "twenty of the same at once are all taken", x.burst)
	x.check(ctx, "the same order with other content is taken", x.changed)
	x.check(ctx, "a push six hours late is taken", x.late)
	x.check(ctx, "a car that is not in the lot", x.absent)
	x.refusals(ctx, v)
	return true
}

func (x *exam) goodToken(ctx context.Context) (string, error) {
	token, err := x.play().Token(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d characters", len(token)), nil
}

func (x *exam) badToken(ctx context.Context) (string, error) {
	keys := Keys{}
	for name, value := range x.cfg.Keys {
		keys[name] = value
	}
	keys["operator_secret"] = otherKey(keys["operator_secret"])
	p := &Player{BaseURL: x.play().BaseURL, Platform: x.cfg.Platform, Keys: keys, PathToken: x.cfg.PathToken}
	switch _, err := p.Token(ctx); {
	case err == nil:
		return "", errors.New("a token was given out")
	case !errors.Is(err, ErrRefused): // no answer came, or not in the platform's words
		return "", err
	default:
		return err.Error(), nil
	}
}

// taken sends a push and wants success.
func (x *exam) taken(ctx context.Context, p Push, o Options) (*Exchange, error) {
	e, err := x.play().Send(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if e.Bad != nil {
		return e, e.Bad
	}
	if !e.Delivered() {
		return e, fmt.Errorf("refused: HTTP %d, %s %s", e.Status, e.Answer.Code, e.Answer.Text)
	}
	return e, nil
}

func seen(e *Exchange) string {
	return strings.TrimSpace(fmt.Sprintf("HTTP %d, %s %s", e.Status, e.Answer.Code, e.Answer.Text))
}

func (x *exam) good(ctx context.Context) (string, error) {
	e, err := x.taken(ctx, x.fresh(), Options{})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s after %s", seen(e), round(e.Took)), nil
}

func (x *exam) duplicate(ctx context.Context) (string, error) {
	p := x.fresh()
	e, err := x.taken(ctx, p, Options{Break: BreakDuplicate})
	if err != nil {
		return "", err
	}
	if !bytes.Equal(e.Body, e.First.Body) {
		return "", errors.New("the two answers differ")
	}
	return x.oneCharge(ctx, p, seen(e))
}

// oneCharge adds that there is but one charge, where the admin API can be asked.
func (x *exam) oneCharge(ctx context.Context, p Push, text string) (string, error) {
	if x.cfg.Admin == "" {
		return text, nil
	}
	found, err := x.office().Charges(ctx, x.query(p))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("there are %d charges of the order", len(found))
	}
	return text + "; one charge", nil
}

func (x *exam) office() *client.Client { return client.New(x.cfg.Admin, x.cfg.AdminToken) }

// query finds the charges of a push: by the order, or by the car where the platform numbers none.
func (x *exam) query(p Push) url.Values {
	if v, err := voiceOf(x.cfg.Platform); err == nil && v.noOrder {
		return url.Values{"platform": {x.cfg.Platform}, "plate": {p.Plate.Full()}}
	}
	return url.Values{"platform": {x.cfg.Platform}, "order": {p.Order}}
}

// wait looks at the charge of a push until it fits.
func (x *exam) wait(ctx context.Context, p Push, fits func(*client.Charge) bool) (*client.Charge, error) {
	return x.office().WaitFor(ctx, x.query(p), fits)
}

func (x *exam) burst(ctx context.Context) (string, error) {
	p := x.fresh()
	r, err := x.play().Prepare(ctx, p, Options{})
	if err != nil {
		return "", err
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	var errs []error
	answers := map[string]int{}
	for range 20 {
		all.Go(func() {
			e, err := x.play().Do(ctx, r)
			if err == nil && !e.Delivered() {
				err = fmt.Errorf("refused: %s", seen(e))
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			answers[string(e.Body)]++
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	if len(answers) != 1 {
		return "", fmt.Errorf("%d different answers", len(answers))
	}
	return x.oneCharge(ctx, p, "20 equal answers")
}

func (x *exam) changed(ctx context.Context) (string, error) {
	p := x.fresh()
	if _, err := x.taken(ctx, p, Options{}); err != nil {
		return "", err
	}
	p.End, p.Total, p.Energy = p.End.Add(time.Minute), p.Total+1, p.Energy+1000
	e, err := x.taken(ctx, p, Options{})
	if err != nil {
		return "", err
	}
	return x.oneCharge(ctx, p, seen(e))
}

func (x *exam) late(ctx context.Context) (string, error) {
	p := x.fresh()
	p.Start, p.End = p.Start.Add(-6*time.Hour), p.End.Add(-6*time.Hour)
	e, err := x.taken(ctx, p, Options{})
	if err != nil {
		return "", err
	}
	return x.stands(ctx, p, seen(e))
}

// stands adds how the charge of a push stands.
func (x *exam) stands(ctx context.Context, p Push, text string) (string, error) {
	if x.cfg.Admin == "" {
		return text, nil
	}
	said, err := x.wait(ctx, p, func(*client.Charge) bool { return true })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %s, %s", text, said.State, said.Reason), nil
}

// absent: the answer is the platform's affair; nothing may be granted to a stay that is not there.
func (x *exam) absent(ctx context.Context) (string, error) {
	p := x.fresh()
	e, err := x.play().Send(ctx, p, Options{})
	if err != nil {
		return "", err
	}
	if e.Bad != nil {
		return "", e.Bad
	}
	if !e.Delivered() {
		return "answered as not taken: " + seen(e), nil
	}
	return x.stands(ctx, p, seen(e))
}

// refusals breaks one thing at a time.
func (x *exam) refusals(ctx context.Context, v voice) {
	codes := map[Break]string{}
	if v.token != "" { // the codes of T/CEC 102.4
		codes = map[Break]string{BreakSig: "4001", BreakToken: "4002", BreakBody: "4003", BreakKey: "4004"}
	}
	for _, b := range v.breakable {
		switch b {
		case BreakDuplicate:
		case BreakClock:
			x.check(ctx, "a time stamp of yesterday", x.stale)
		case BreakToken:
			x.wrongTokens(ctx, v)
		default:
			x.check(ctx, "refused: broken "+string(b), func(ctx context.Context) (string, error) {
				return x.refused(ctx, x.fresh(), Options{Break: b}, codes[b])
			})
		}
	}
	plates := Options{}
	for _, name := range []string{"PlateNum", "Plate", "plateNo", "carNo", "car_number"} {
		plates.Fields = append(plates.Fields, Field{name, nil})
	}
	nowhere, absurd := x.fresh(), x.fresh()
	nowhere.Lot.Park, nowhere.Charger = "no-such-lot", "no-such-charger"
	absurd.Plate = "?!"
	for _, tc := range []struct {
		name string
		push Push
		opt  Options
	}{
		{"refused: no plate", x.fresh(), plates},
		{"refused: an absurd plate", absurd, Options{}},
		{"refused: an unknown lot", nowhere, Options{}},
	} {
		x.check(ctx, tc.name, func(ctx context.Context) (string, error) { return x.refused(ctx, tc.push, tc.opt, "") })
	}
	x.check(ctx, "an end before the start", x.crossed)
}

// wrongTokens breaks the access token and the token in the path, each by itself: with a path token the first thing
// that is wrong is the lock, whatever the bearer is.
func (x *exam) wrongTokens(ctx context.Context, v voice) {
	if v.token != "" {
		x.check(ctx, "refused: broken token", func(ctx context.Context) (string, error) {
			return x.refused(ctx, x.fresh(), Options{Token: "never-given-out"}, tokenOver)
		})
	}
	if x.cfg.PathToken == "" {
		if v.token == "" {
			x.check(ctx, "refused: a wrong path token", func(context.Context) (string, error) {
				return "", skip("no path token was given")
			})
		}
		return
	}
	x.check(ctx, "refused: a wrong path token", func(ctx context.Context) (string, error) {
		return x.refused(ctx, x.fresh(), Options{Break: BreakToken}, "")
	})
	x.check(ctx, "refused: the path without its token", func(ctx context.Context) (string, error) {
		r, err := x.play().Prepare(ctx, x.fresh(), Options{})
		if err != nil {
			return "", err
		}
		r.Path = strings.TrimSuffix(r.Path, "/"+x.cfg.PathToken)
		return notTaken(x.play().Do(ctx, r))("")
	})
}

func (x *exam) refused(ctx context.Context, p Push, o Options, code string) (string, error) {
	return notTaken(x.play().Send(ctx, p, o))(code)
}

// notTaken wants an exchange that ended in a refusal, with a code where one is named.
func notTaken(e *Exchange, err error) func(code string) (string, error) {
	return func(code string) (string, error) {
		switch {
		case errors.Is(err, ErrNotBreakable):
			return "", skip(err.Error())
		case err != nil:
			return "", err
		case e.Delivered():
			return "", errors.New("it was taken")
		case e.Status != http.StatusOK:
			return "", fmt.Errorf("HTTP %d; a refusal travels with 200", e.Status)
		case e.Bad != nil:
			return "", e.Bad
		case code != "" && e.Answer.Code != code:
			return "", fmt.Errorf("refused with %s, want %s", e.Answer.Code, code)
		}
		return seen(e), nil
	}
}

// stale: whether a wrong clock is refused is the account's setting.
func (x *exam) stale(ctx context.Context) (string, error) {
	return eitherWay(x.play().Send(ctx, x.fresh(), Options{Break: BreakClock}))("the account's clock is not enforced")
}

// crossed: times that cannot be are refused only where the binding's rule needs them.
func (x *exam) crossed(ctx context.Context) (string, error) {
	p := x.fresh()
	p.Start, p.End = p.End, p.Start
	return eitherWay(x.play().Send(ctx, p, Options{}))("the rule does not need the times")
}

// eitherWay wants an answer in the platform's words, yes or no; why says what a yes means.
func eitherWay(e *Exchange, err error) func(why string) (string, error) {
	return func(why string) (string, error) {
		switch {
		case err != nil:
			return "", err
		case e.Bad != nil:
			return "", e.Bad
		case e.Delivered():
			return "taken: " + why, nil
		}
		return "refused: " + seen(e), nil
	}
}

// status sends a request that is changed by hand and wants an HTTP status.
func (x *exam) status(ctx context.Context, change func(*Request), want int) (string, error) {
	r, err := x.play().Prepare(ctx, x.fresh(), Options{})
	if err != nil {
		return "", err
	}
	change(r)
	e, err := x.play().Do(ctx, r)
	if err != nil {
		return "", err
	}
	if e.Status != want {
		return "", fmt.Errorf("HTTP %d", e.Status)
	}
	return fmt.Sprintf("HTTP %d", e.Status), nil
}

func (x *exam) inquire(ctx context.Context) (string, error) {
	e, err := x.play().Inquire(ctx, x.fresh(), Options{})
	if err != nil {
		return "", err
	}
	if e.Bad != nil {
		return "", e.Bad
	}
	return seen(e), nil
}
