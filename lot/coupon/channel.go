package coupon

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/calls"
	"github.com/chargestamp/chargestamp/machine"
	"github.com/chargestamp/chargestamp/outbound"
)

// Client makes guarded requests, each with a time limit of its own; outbound.Client is one.
type Client interface {
	Post(ctx context.Context, r outbound.Request) (outbound.Response, error)
}

// ChannelConfig is what the channel needs.
type ChannelConfig struct {
	Directory lot.Directory
	Client    Client // with a time limit of 5 s a request
	Targets   Targets
	Vault     Vault // keeps access tokens over a restart and for other nodes; nil keeps them in memory only
	Now       func() time.Time
	Machine   machine.Machine // the zero Machine is the real one
}

// Channel returns coupons, takes them back and asks for prices, in the form that a lot's target wants.
type Channel struct {
	cfg    ChannelConfig
	calls  *calls.Queue
	tokens tokens
}

var _ interface {
	lot.Channel
	lot.Pricer
	lot.Trier
	lot.Revoker
} = (*Channel)(nil)

// NewChannel makes a channel. Stop ends it.
func NewChannel(cfg ChannelConfig) *Channel {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Channel{cfg: cfg, calls: calls.New(calls.Config{Now: cfg.Now, Machine: cfg.Machine})}
}

// Stop sends waiting orders home, ends the workers and waits until the tries under way are done.
func (c *Channel) Stop() { c.calls.Stop() }

// Here is always true: any node can call a target.
func (c *Channel) Here(charge.LotID) bool { return true }

// Breaker reports how a lot stands, as calls.Queue does.
func (c *Channel) Breaker(id charge.LotID) string { return c.calls.Breaker(id) }

// targetOf finds a lot that is on, and its target.
func (c *Channel) targetOf(id charge.LotID) (charge.Lot, *Target, error) {
	l, _, known := c.cfg.Directory.Lot(id)
	if !known {
		return l, nil, charge.NewFault(charge.Say("coupon.no_lot"), "the lot is unknown or off")
	}
	t := c.cfg.Targets[l.Target]
	if t == nil {
		return l, nil, charge.NewFault(charge.Say("coupon.no_target", charge.Text("target", l.Target)),
			fmt.Sprintf("the target %q has no profile any more: put its file back into platforms.dir", l.Target))
	}
	return l, t, nil
}

// Deliver tries one order once, as calls.Queue.Put does it.
func (c *Channel) Deliver(o lot.Order, done func(lot.Result)) {
	c.calls.Put(o.Lot, func() (lot.Result, calls.Verdict) { return c.try(o) }, done)
}

// getReady bounds what comes before the coupon itself, the token and the lookup, so that a try stays within
// calls.TimeLimit.
const getReady = 4 * time.Second

// try returns one coupon.
func (c *Channel) try(o lot.Order) (lot.Result, calls.Verdict) {
	s, err := c.session(o.Lot, o.UUID, o.Payload)
	if err != nil {
		return calls.NotSent(err, c.cfg.Now()), calls.Untried
	}
	ctx, cancel := context.WithTimeout(context.Background(), getReady)
	result, verdict, ready := s.prepare(ctx)
	cancel()
	if !ready {
		return result, verdict
	}
	return s.give()
}

// session is one lot's conversation with its target about one coupon.
type session struct {
	maker
	channel *Channel
	address string
	allow   []netip.Prefix
	token   string
}

func (c *Channel) session(id charge.LotID, uuid string, payload []byte) (*session, error) {
	l, t, err := c.targetOf(id)
	if err != nil {
		return nil, err
	}
	s := &session{channel: c, address: cmp.Or(l.Address, t.Address), allow: l.AllowTo,
		maker: maker{target: t, keys: l.Keys, lot: id, uuid: uuid, now: c.cfg.Now(), request: newRequest()}}
	if payload != nil {
		if err := json.Unmarshal(payload, &s.slip); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newRequest is a number that no other request has.
func newRequest() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// post sends one call.
func (s *session) post(ctx context.Context, call *Call) (outbound.Response, error) {
	r, err := s.make(call, s.address)
	if err != nil {
		return outbound.Response{}, err
	}
	r.Allow = s.allow
	if t := s.target.Token; t != nil && s.token != "" {
		r.Header = append(r.Header, [2]string{t.Header, s.token})
	}
	if call == &s.target.Give {
		r.Key = s.uuid
	}
	return s.channel.cfg.Client.Post(ctx, r)
}

// prepare fetches the token and looks up what the coupon needs. Nothing has been given where ready is false.
func (s *session) prepare(ctx context.Context) (result lot.Result, verdict calls.Verdict, ready bool) {
	if s.target.Token != nil {
		if err := s.fetchToken(ctx, false); err != nil {
			result, verdict = s.notReady("coupon.no_token", err)
			return result, verdict, false
		}
	}
	if s.target.Lookup == nil {
		return result, calls.Untried, true
	}
	return s.look(ctx)
}

// notReady is a try that ended before the coupon itself.
func (s *session) notReady(code string, err error) (lot.Result, calls.Verdict) {
	verdict := calls.Failed
	if refused := (*outbound.Refused)(nil); errors.As(err, &refused) || errors.Is(err, errNoKey) ||
		errors.Is(err, errRSA) {
		verdict = calls.Untried
	}
	return calls.NotSent(charge.NewFault(charge.Say(code, charge.Because("cause", charge.Cause(err))), err.Error()),
		s.channel.cfg.Now()), verdict
}

// look asks for what the coupon needs to name.
func (s *session) look(ctx context.Context) (lot.Result, calls.Verdict, bool) {
	call := s.target.Lookup
	r, err := s.post(ctx, call)
	if err != nil {
		result, verdict := s.notReady("coupon.no_lookup", err)
		return result, verdict, false
	}
	answer := call.Answer.read(r, &s.maker)
	s.found = map[string]string{}
	for name, path := range call.Answer.Found {
		s.found[name] = answer.body.at(path)
	}
	switch answer.outcome {
	case outcomeTaken:
		for _, text := range s.found {
			if text == "" || text == "null" {
				answer.outcome, answer.why = outcomeRefused, call.Answer.Missing
				return s.refused(answer), calls.Answered, false
			}
		}
		return lot.Result{}, calls.Answered, true
	case outcomeRefused:
		return s.refused(answer), calls.Answered, false
	}
	result, verdict := s.notReady("coupon.no_lookup",
		charge.NewFault(s.answerNote(answer, r), "the lookup got no answer that can be used"))
	return result, verdict, false
}

// give sends the coupon, once more where its token was no longer good: a target that wants another token has given
// nothing.
func (s *session) give() (lot.Result, calls.Verdict) {
	for renewed := false; ; renewed = true {
		r, err := s.post(context.Background(), &s.target.Give)
		now := s.channel.cfg.Now()
		if err != nil {
			if sent := (*outbound.Error)(nil); !errors.As(err, &sent) {
				return calls.NotSent(err, now), calls.Untried
			}
			return calls.Failure(err, now)
		}
		answer := s.target.Give.Answer.read(r, &s.maker)
		if !s.tokenRefused(r, answer) {
			return s.result(r, answer)
		}
		err = charge.NewFault(charge.Say("coupon.token_refused", charge.Text("said", shown(answer.text, s.slip.Plate))),
			"a token that has just been fetched is refused")
		if !renewed {
			ctx, cancel := context.WithTimeout(context.Background(), getReady)
			err = s.fetchToken(ctx, true)
			cancel()
		}
		if err != nil || renewed {
			return s.notReady("coupon.no_token", err)
		}
	}
}

// result is what an answer comes to. Only a code of the profile says for certain whether the coupon stands.
func (s *session) result(r outbound.Response, a said) (lot.Result, calls.Verdict) {
	result := lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, At: s.channel.cfg.Now(),
		Detail: s.answerNote(a, r)}
	switch a.outcome {
	case outcomeTaken, outcomeRepeated:
		result.Result, result.Reason = charge.AttemptAcked, charge.ReasonOK
		return result, calls.Answered
	case outcomeRefused:
		return s.refused(a), calls.Answered
	case outcomeLater:
		return result, calls.Answered // Sent false: nothing was given
	}
	result.Sent = true
	result.Unread = a.outcome == outcomeOther || a.outcome != outcomeAgain && r.Status < 400
	return result, calls.Failed
}

func (s *session) refused(a said) lot.Result {
	return lot.Result{Result: charge.AttemptRefused, Reason: charge.ReasonLotRefused, At: s.channel.cfg.Now(),
		Detail: s.answerNote(a, outbound.Response{})}
}

// QueryPrice asks the target what a stay would cost now.
func (c *Channel) QueryPrice(ctx context.Context, stay charge.Stay) (lot.Price, error) {
	s, err := c.session(stay.Lot, "", nil)
	if err != nil {
		return lot.Price{}, err
	}
	return s.price(ctx, s.target.Price, stay)
}

// TryPrice asks the target what a stay would cost now with a coupon that is not given.
func (c *Channel) TryPrice(ctx context.Context, stay charge.Stay, r charge.Reduction) (lot.Price, error) {
	s, err := c.session(stay.Lot, newRequest(), nil)
	if err != nil {
		return lot.Price{}, err
	}
	if can, _ := s.target.Takes(r.Method, s.keys); !can {
		return lot.Price{}, charge.NewFault(charge.Say("coupon.cannot", charge.Word("method", "method", r.Method),
			charge.Text("target", s.target.About.Title)), s.target.ID+" takes no coupon of "+string(r.Method))
	}
	s.slip.Method, s.slip.Minutes, s.slip.Amount = r.Method, r.Minutes, r.Amount
	return s.price(ctx, s.target.Trial, stay)
}

// price asks by one of the calls that name a price.
func (s *session) price(ctx context.Context, p *Price, stay charge.Stay) (lot.Price, error) {
	if p == nil {
		return lot.Price{}, charge.NewFault(charge.Say("coupon.no_price", charge.Text("target", s.target.About.Title)),
			s.target.ID+" cannot be asked for such a price")
	}
	s.slip.Plate = stay.Plate
	r, err := s.post(ctx, &p.Call)
	if err != nil {
		return lot.Price{}, err
	}
	answer := p.Answer.read(r, &s.maker)
	if answer.outcome != outcomeTaken {
		return lot.Price{}, charge.NewFault(s.answerNote(answer, r), "the lot named no price")
	}
	return p.read(answer.body, stay, s.channel.cfg.Now())
}

// read takes a price out of an answer. What is not reported is worked out: total, due and off belong together.
func (p *Price) read(b answerBody, stay charge.Stay, now time.Time) (lot.Price, error) {
	price := lot.Price{OrderID: stay.OrderID, QueryTime: now}
	due, err := charge.ParseFen(b.at(p.Due))
	if err != nil {
		return price, charge.NewFault(charge.Say("coupon.no_due"), "the answer names no amount that is due")
	}
	price.Price, price.Total = due, due
	if total, err := charge.ParseFen(b.at(p.Total)); err == nil && p.Total != "" {
		price.Total = max(total, due)
	}
	price.DerateMoney = price.Total - price.Price
	if since, err := time.ParseInLocation(time.DateTime, b.at(p.Since), charge.Shanghai); err == nil && p.Since != "" &&
		since.Before(now) {
		price.Duration = int64(now.Sub(since) / time.Minute)
	}
	return price, nil
}

// CanRevoke reports whether the lot's target takes coupons back.
func (c *Channel) CanRevoke(id charge.LotID) bool {
	_, t, err := c.targetOf(id)
	return err == nil && t.CanRevoke()
}

// Revoke takes a coupon back. AttemptAcked: it is gone; AttemptRefused: it stands, as the target says; anything else
// leaves it open.
func (c *Channel) Revoke(ctx context.Context, o lot.Order) lot.Result {
	s, err := c.session(o.Lot, o.UUID, o.Payload)
	if err == nil && s.target.Revoke == nil {
		err = charge.NewFault(charge.Say("coupon.no_revoke", charge.Text("target", s.target.About.Title)),
			s.target.ID+" takes no coupon back")
	}
	if err == nil && s.target.Token != nil {
		err = s.fetchToken(ctx, false)
	}
	if err != nil {
		return calls.NotSent(err, c.cfg.Now())
	}
	r, err := s.post(ctx, s.target.Revoke)
	if err != nil {
		result, _ := calls.Failure(err, c.cfg.Now())
		return result
	}
	result, _ := s.result(r, s.target.Revoke.Answer.read(r, &s.maker))
	return result
}
