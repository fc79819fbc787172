package platformtest

import (
	"encoding/json"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

// Accounts are the accounts of account.json. They are found as the comment of platform.Accounts says, as those of an
// estate are.
type Accounts struct {
	info platform.Info
	at   time.Time
	lots []charge.LotID
	list []platform.Candidate
}

// file is account.json.
type file struct {
	At       time.Time      `json:"at"`
	Lots     []charge.LotID `json:"lots"`
	Accounts []struct {
		Account   string           `json:"account"`
		Scope     string           `json:"scope"` // "platform", "U" or "U/P"
		Clock     charge.ClockMode `json:"clock"`
		Keys      []platform.Keys  `json:"keys"` // the current set first; a vendor's or lot's key as ukey or ckey
		TokenKey  string           `json:"token_key"`
		AllowFrom []netip.Prefix   `json:"allow_from"`
		PathToken string           `json:"path_token"`
	} `json:"accounts"`
}

// ReadAccounts reads dir/account.json, for tests of a family's own.
func ReadAccounts(t testing.TB, d platform.Dialect, dir string) (*Accounts, time.Time) {
	t.Helper()
	a := readAccounts(t, d.Info(), dir)
	return a, a.at
}

func readAccounts(t testing.TB, info platform.Info, dir string) *Accounts {
	t.Helper()
	var f file
	if err := readJSON(filepath.Join(dir, "account.json"), &f); err != nil {
		t.Fatal(err)
	}
	a := &Accounts{info: info, at: f.At, lots: f.Lots}
	for _, x := range f.Accounts {
		c := platform.Candidate{
			Account:   platform.Account{ID: x.Account, Clock: x.Clock, Keys: x.Keys, Scope: scope(t, x.Scope)},
			AllowFrom: x.AllowFrom, PathToken: charge.Secret(x.PathToken),
		}
		if x.TokenKey != "" {
			c.TokenKey = []byte(x.TokenKey)
		}
		a.list = append(a.list, c)
	}
	slices.SortStableFunc(a.list, func(a, b platform.Candidate) int { return a.Scope.Width() - b.Scope.Width() })
	return a
}

func scope(t testing.TB, text string) charge.Scope {
	t.Helper()
	if text == "platform" {
		return charge.Scope{}
	}
	if lot, err := charge.ParseLotID(text); err == nil {
		return charge.Scope(lot)
	}
	if text == "" {
		t.Fatal(`account.json: an account's scope is "platform", "U" or "U/P"`)
	}
	return charge.Scope{Union: text}
}

// Candidates returns the accounts that a claim fits, the narrowest first.
func (a *Accounts) Candidates(id string, c platform.Claim) []platform.Candidate {
	if id != a.info.ID || a.info.Issuer == platform.IssuerLot && !a.KnowsLot(c.Lot) {
		return nil
	}
	var fit []platform.Candidate
	for _, x := range a.list {
		operator := a.info.Operator == "" || slices.ContainsFunc(x.Keys, func(k platform.Keys) bool {
			return c.Operator != "" && a.operator(k[a.info.Operator].Reveal()) == a.operator(c.Operator)
		})
		if operator && (c.Lot.IsZero() || x.Scope.Covers(c.Lot)) {
			fit = append(fit, x)
		}
	}
	return fit
}

// operator is the part of an operator's number that is compared.
func (a *Accounts) operator(id string) string {
	if n := a.info.OperatorPrefix; n > 0 {
		return id[:min(n, len(id))]
	}
	return id
}

// KnowsLot reports whether account.json lists the lot.
func (a *Accounts) KnowsLot(lot charge.LotID) bool { return slices.Contains(a.lots, lot) }

// with returns a copy in which every key set and token key has been through change.
func (a *Accounts) with(change func(platform.Keys, *platform.Account)) *Accounts {
	b := *a
	b.list = slices.Clone(a.list)
	for i := range b.list {
		x := &b.list[i]
		x.Keys = slices.Clone(x.Keys)
		for j := range x.Keys {
			x.Keys[j] = maps.Clone(x.Keys[j])
			change(x.Keys[j], &x.Account)
		}
	}
	return &b
}

// keyNames lists the names of all keys.
func (a *Accounts) keyNames() []string {
	var names []string
	for _, x := range a.list {
		for _, k := range x.Keys {
			names = slices.AppendSeq(names, maps.Keys(k))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reading is charge.json: a message as a person reads it.
type reading struct {
	Charge  *chargeReading `json:"charge,omitempty"`
	Token   *tokenReading  `json:"token,omitempty"`
	Plate   *plateReading  `json:"plate_query,omitempty"`
	Nothing bool           `json:"not_finished,omitempty"`
	Keys    int            `json:"keys,omitempty"`
	Warning string         `json:"warning,omitempty"`
}

type chargeReading struct {
	Order     string          `json:"order,omitempty"`
	RepeatKey string          `json:"repeat_key"`
	Repeat    platform.Repeat `json:"repeat,omitempty"`
	Plate     string          `json:"plate"`
	Lot       charge.LotID    `json:"lot,omitzero"`
	Chargers  []string        `json:"chargers,omitempty"`
	Started   time.Time       `json:"started,omitzero"`
	Ended     time.Time       `json:"ended,omitzero"`
	Energy    *charge.Energy  `json:"energy_kwh,omitempty"`
	Total     *charge.Fen     `json:"total_yuan,omitempty"`
	Ask       charge.Ask      `json:"ask,omitzero"`
	Detail    charge.Detail   `json:"detail,omitzero"`
}

type tokenReading struct {
	Operator string `json:"operator"`
	Refused  int    `json:"refused"`
	Token    string `json:"token"`
	Seconds  int64  `json:"seconds"`
}

type plateReading struct {
	Plate string       `json:"plate"`
	Lot   charge.LotID `json:"lot"`
}

// printed writes a message as charge.json.
func printed(m *platform.Message) string {
	r := reading{Keys: m.Keys, Warning: words.Notes(words.English, m.Warnings), Nothing: m.Charge == nil &&
		m.Question == nil}
	if c := m.Charge; c != nil {
		r.Charge = &chargeReading{Order: c.Order, RepeatKey: c.RepeatKey, Repeat: c.Repeat, Plate: c.Plate.Full(), Lot: c.Lot,
			Chargers: c.Chargers, Started: c.Started.UTC(), Ended: c.Ended.UTC(), Ask: c.Ask, Detail: c.Detail}
		if c.Started.IsZero() {
			r.Charge.Started = time.Time{}
		}
		if c.Ended.IsZero() {
			r.Charge.Ended = time.Time{}
		}
		if c.HasEnergy {
			r.Charge.Energy = &c.Energy
		}
		if c.HasTotal {
			r.Charge.Total = &c.Total
		}
	}
	if q := m.Question; q != nil && q.Token != nil {
		r.Token = &tokenReading{q.Token.Operator, q.Token.Refused, q.Token.Token, int64(q.Token.Valid.Seconds())}
	}
	if q := m.Question; q != nil && q.Plate != nil {
		r.Plate = &plateReading{q.Plate.Plate.Full(), q.Plate.Lot}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text) + "\n"
}
