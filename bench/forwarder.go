package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/intake"
)

// The forwarder is the baseline that throughput is compared with: the least a program can do that takes pushes
// and notifies car parks. It checks and reads a push with the same code as the gateway, composes and signs the same
// callback, sends it with net/http and answers when the car park has answered. It stores nothing, remembers
// nothing, tries nothing again.
type forwarder struct {
	accounts map[string]platform.Candidate // by platform
	lots     map[charge.LotID]charge.Lot
	vendor   charge.Vendor
	compose  *callback.Channel
	client   *http.Client
}

// forwarderSite is what a forwarder reads from its standard input.
type forwarderSite struct {
	Ukey string
	Keys map[string]map[string]string
	Lots []forwarderLot
}

type forwarderLot struct {
	ID       charge.LotID
	Callback string
}

// forwarderSite is the site as a forwarder reads it.
// errRefused is a lot that did not answer with state 1.
var errRefused = errors.New("which is no yes")

func (s *Site) forwarderSite() forwarderSite {
	f := forwarderSite{Ukey: s.Ukey, Keys: map[string]map[string]string{}}
	for p, keys := range s.keys {
		f.Keys[p] = keys
	}
	for _, l := range s.Of(charge.KindAPI) {
		f.Lots = append(f.Lots, forwarderLot{l.ID, l.Callback})
	}
	return f
}

// RunForwarder is the forwarder's process: it reads its site from in, prints to out where it listens, and serves
// until the context ends.
func RunForwarder(ctx context.Context, in io.Reader, out io.Writer) error {
	var site forwarderSite
	if err := json.NewDecoder(in).Decode(&site); err != nil {
		return fmt.Errorf("the forwarder's site: %w", err)
	}
	f := newForwarder(site)
	intake, err := intake.New(intake.Config{Dialects: all.Builtin(), Accounts: f, Taker: f, PerAccount: 1e6,
		PerAddress: 1e6})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: intake, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	if err := json.NewEncoder(out).Encode(map[string]string{"http": l.Addr().String()}); err != nil {
		return err
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newForwarder(site forwarderSite) *forwarder {
	f := &forwarder{
		accounts: map[string]platform.Candidate{}, lots: map[charge.LotID]charge.Lot{},
		vendor: charge.Vendor{UnionID: union, Ukey: charge.Secret(site.Ukey), OpenInterface: true},
		client: &http.Client{Timeout: 5 * time.Second,
			Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxIdleConns: 4096, DisableCompression: true}},
	}
	f.compose = callback.NewChannel(callback.ChannelConfig{Directory: f})
	for p, keys := range site.Keys {
		key := sha256.Sum256([]byte(p))
		set := platform.Keys{}
		for name, value := range keys {
			set[name] = charge.Secret(value)
		}
		f.accounts[p] = platform.Candidate{Account: platform.Account{ID: p, Clock: charge.ClockEnforce,
			Keys: []platform.Keys{set}, TokenKey: key[:]}}
	}
	for _, l := range site.Lots {
		f.lots[l.ID] = charge.Lot{ID: l.ID, Kind: charge.KindAPI, Callback: l.Callback}
	}
	return f
}

// Candidates implements platform.Accounts.
func (f *forwarder) Candidates(id string, _ platform.Claim) []platform.Candidate {
	return []platform.Candidate{f.accounts[id]}
}

// KnowsLot implements platform.Accounts.
func (f *forwarder) KnowsLot(id charge.LotID) bool {
	_, known := f.lots[id]
	return known
}

// Lot implements lot.Directory.
func (f *forwarder) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	l, known := f.lots[id]
	return l, f.vendor, known
}

// Vendor implements lot.Directory.
func (f *forwarder) Vendor(string) (charge.Vendor, bool) { return f.vendor, true }

// Take implements platform.Taker: it forwards a charge and answers.
func (f *forwarder) Take(ctx context.Context, _ platform.Push, _ platform.Account, m platform.Message,
	reply func(platform.Verdict) platform.Reply) platform.Reply {
	switch {
	case m.Question != nil:
		return reply(platform.Verdict{Outcome: charge.OutcomeQuestion})
	case m.Charge == nil || f.forward(ctx, m.Charge) != nil:
		return reply(platform.Verdict{Outcome: charge.OutcomeBusy})
	}
	return reply(platform.Verdict{Outcome: charge.OutcomeAccepted})
}

// Refuse implements platform.Taker.
func (*forwarder) Refuse(context.Context, platform.Push, string, *platform.Refusal, platform.Reply) {}

func (f *forwarder) forward(ctx context.Context, c *platform.Charge) error {
	body, err := f.compose.Compose(lot.Notice{Lot: c.Lot, Message: charge.Message514, Plate: c.Plate, Order: c.Order,
		Started: c.Started,
		Ended:   c.Ended, Detail: c.Detail,
		Reduction: charge.Reduction{Method: c.Ask.Method, Minutes: c.Ask.Minutes, Amount: c.Ask.Amount}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.lots[c.Lot].Callback, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	req.Header.Set("Idempotency-Key", rand.Text())
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var said struct{ State int }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil || said.State != 1 {
		return fmt.Errorf("the lot said %s, state %d, %w", resp.Status, said.State, errors.Join(errRefused, err))
	}
	return nil
}

// forwarderChild is a forwarder in a process of its own.
type forwarderChild struct {
	http string
	proc *process
}

// Forward starts a forwarder for the API lots of a site.
func (r *Rig) Forward(ctx context.Context, site *Site) (*forwarderChild, error) {
	var ready struct{ HTTP string }
	proc, err := startTold(ctx, r.Exe, []string{"bench", "forwarder"}, nil, site.forwarderSite(), &ready)
	return &forwarderChild{ready.HTTP, proc}, err
}
