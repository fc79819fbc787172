package cec

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
	"github.com/chargestamp/chargestamp/seal"
)

// FuzzPush: whatever the body, there is a refusal from the closed list or a charge, and a JSON answer.
func FuzzPush(f *testing.F) {
	type target struct {
		platform.Dialect
		accounts *platformtest.Accounts
		now      time.Time
	}
	var targets []target
	for i, d := range Builtin() {
		dir := filepath.Join("testdata", d.Info().ID)
		accounts, now := platformtest.ReadAccounts(f, d, dir)
		targets = append(targets, target{d, accounts, now})
		for _, p := range platformtest.Pushes(f, d, dir) {
			f.Add(byte(i), p.Route.Kind == platform.RouteToken, p.Header.Get("Authorization"), p.Body)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, token bool, authorization string, body []byte) {
		d := targets[int(which)%len(targets)]
		p := platform.Push{Platform: d.Info().ID, Route: platform.Route{Kind: platform.RouteCharge},
			Header: map[string][]string{"Authorization": {authorization}}, Body: body}
		if token {
			p.Route.Kind = platform.RouteToken
		}
		got := platform.Admit(d, d.accounts, p, d.now)
		outcome := charge.OutcomeAccepted
		if got.Refusal != nil {
			if outcome = got.Refusal.Outcome; !slices.Contains(charge.Outcomes, outcome) {
				t.Fatalf("outcome %q", outcome)
			}
		}
		if reply := d.Reply(p, got.Account,
			platform.Verdict{Outcome: outcome, Message: got.Message}); !json.Valid(reply.Body) {
			t.Fatalf("answer %q", reply.Body)
		}
		doctor.Check(doctor.Examination{Dialect: d.Dialect, Capture: body, At: d.now,
			Keys: platform.Keys{keyData: testKey, keyIV: testIV, keySig: testSig}})
	})
}

// FuzzMessage: a message that is read makes sense, whatever stands in it.
func FuzzMessage(f *testing.F) {
	f.Add(byte(0), []byte(message))
	for i, d := range Builtin() {
		dir := filepath.Join("testdata", d.Info().ID)
		accounts, now := platformtest.ReadAccounts(f, d, dir)
		for _, p := range platformtest.Pushes(f, d, dir) {
			got := platform.Admit(d, accounts, p, now)
			e, err := base(d).envelope(p)
			if got.Account == nil || err != nil {
				continue
			}
			for _, k := range got.Account.Keys {
				if plain, err := e.open(k); err == nil {
					f.Add(byte(i), plain)
				}
			}
		}
	}
	dialects := Builtin()
	f.Fuzz(func(t *testing.T, which byte, plain []byte) {
		fields, err := seal.ReadObject(plain)
		if err != nil {
			return
		}
		var m platform.Message
		var refusal *platform.Refusal
		if err := base(dialects[int(which)%len(dialects)]).read(fields, &m); err != nil && !errors.As(err, &refusal) {
			t.Fatal(err)
		}
		if refusal != nil && refusal.Outcome != charge.OutcomeBadField {
			t.Fatalf("refused as %s", refusal.Outcome)
		}
		c := m.Charge
		if refusal != nil || c == nil {
			return
		}
		if again, err := charge.ParsePlate(c.Plate.Full()); err != nil || again != c.Plate {
			t.Fatalf("plate %q", c.Plate.Full())
		}
		if c.RepeatKey == "" || c.Lot.IsZero() == (len(c.Chargers) == 0) {
			t.Fatalf("%+v", *c)
		}
		if !c.Started.IsZero() && !c.Ended.IsZero() && c.Ended.Before(c.Started) || c.Total < 0 || c.Energy < 0 ||
			c.Ask.Minutes < 0 || c.Ask.Amount < 0 {
			t.Fatalf("%+v", *c)
		}
		if (c.Ask.Method == charge.MethodTime) != (c.Ask.Minutes > 0) ||
			(c.Ask.Method == charge.MethodAmount) != (c.Ask.Amount > 0) {
			t.Fatalf("%+v", c.Ask)
		}
	})
}

// base is a dialect without its reports.
func base(d platform.Dialect) *dialect {
	if r, ok := d.(*reporter); ok {
		return r.dialect
	}
	return d.(*dialect)
}

// FuzzCanonical: the text that is signed is what another JSON reader finds in the five fields.
func FuzzCanonical(f *testing.F) {
	d := base(Builtin()[0])
	for _, p := range platformtest.Pushes(f, d, "testdata/telaidian") {
		f.Add(p.Body)
	}
	f.Add([]byte(`{"OperatorID":"\u0041","Data":"a\/b\r\nc","TimeStamp":1704081600,"Seq":1.50,"Sig":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := d.envelope(platform.Push{Body: body})
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("we read %q, encoding/json does not: %v", body, err)
		}
		text := ""
		for _, name := range []string{"OperatorID", "Data", "TimeStamp", "Seq"} {
			raw, ok := members[name]
			if !ok {
				return // in another case
			}
			var s string
			if json.Unmarshal(raw, &s) != nil {
				s = string(raw)
			}
			text += s
		}
		if got := string(e.canonical()); got != text {
			t.Fatalf("signed over %q, want %q", got, text)
		}
	})
}
