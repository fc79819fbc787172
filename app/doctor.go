package app

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// CheckQuestion is a captured push for the doctor, offline.
type CheckQuestion struct {
	Platform string
	Profile  string // file of an operator's profile; empty: a built-in platform
	Push     []byte
	Keys     map[string]string
	At       time.Time
	Clock    charge.ClockMode // of the account; empty is warn
}

// Finding is what the doctor found.
type Finding struct{ doctor.Finding }

// Check walks a push through every check that needs no server. Errors are wrong use: an unknown platform, a
// profile that cannot be read.
func Check(q CheckQuestion) (Finding, error) {
	d, err := q.dialect()
	if err != nil {
		return Finding{}, err
	}
	keys := platform.Keys{}
	for name, v := range q.Keys {
		keys[name] = charge.Secret(v)
	}
	info := d.Info()
	for _, k := range info.Keys {
		if keys[k.Name] == "" && k.Default != "" {
			keys[k.Name] = charge.Secret(k.Default)
		}
	}
	if err := knownKeys(info, keys); err != nil {
		return Finding{}, err
	}
	return Finding{doctor.Check(doctor.Examination{Dialect: d, Capture: q.Push, At: q.At, Keys: keys, Clock: q.Clock})},
		nil
}

func (q CheckQuestion) dialect() (platform.Dialect, error) {
	if q.Profile != "" {
		d, err := loadProfile(q.Profile)
		if err == nil && q.Platform != "" && d.Info().ID != q.Platform {
			return nil, fmt.Errorf("%s describes the platform %s, not %s", q.Profile, d.Info().ID, q.Platform)
		}
		return d, err
	}
	var known []platform.Info
	var ids []string
	for _, d := range all.Builtin() {
		known, ids = append(known, d.Info()), append(ids, d.Info().ID)
	}
	at := slices.Index(ids, q.Platform)
	if at < 0 {
		return nil, fmt.Errorf("no platform is called %q; there are %s", q.Platform, strings.Join(ids, ", "))
	}
	if of := doctor.PlatformOf(known, q.Push); of != "" && of != q.Platform {
		return nil, fmt.Errorf("the request came by a path of %s, not of %s", of, q.Platform)
	}
	return all.Builtin()[at], nil
}

// knownKeys refuses keys that the platform does not have, and says which are missing.
func knownKeys(info platform.Info, keys platform.Keys) error {
	known := map[string]bool{"ukey": info.Issuer == platform.IssuerVendor, "ckey": info.Issuer == platform.IssuerLot}
	for _, k := range info.Keys {
		known[k.Name] = true
		if !k.Optional && keys[k.Name] == "" && k.Name != info.LockUnless {
			return fmt.Errorf("the keys file lacks %s", k.Name)
		}
	}
	for name := range keys {
		if !known[name] {
			return fmt.Errorf("%s has no key %q", info.ID, name)
		}
	}
	for name, needed := range map[string]bool{"ukey": known["ukey"], "ckey": known["ckey"]} {
		if needed && keys[name] == "" {
			return fmt.Errorf("the keys file lacks %s", name)
		}
	}
	return nil
}

func loadProfile(file string) (platform.Dialect, error) {
	text, err := profile.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return all.Load(bytes.NewReader(text), file)
}

// FindTarget finds the parking system that an id or an operator's profile names; is says whether either does.
func FindTarget(id, file string) (t *coupon.Target, is bool, err error) {
	if file == "" {
		t, is = coupon.Builtin()[id]
		return t, is, nil
	}
	text, err := profile.ReadFile(file)
	if err != nil || !coupon.IsProfile(text) {
		return nil, false, err
	}
	t, err = coupon.Load(bytes.NewReader(text), file)
	if err == nil && id != "" && t.ID != id {
		err = fmt.Errorf("%s describes the parking system %s, not %s", file, t.ID, id)
	}
	return t, true, err
}

// CheckProfile says what an operator's profile describes, or what is wrong with it, and where.
func CheckProfile(file string) (string, error) {
	text, err := profile.ReadFile(file)
	if err != nil {
		return "", err
	}
	if coupon.IsProfile(text) {
		t, err := coupon.Load(bytes.NewReader(text), file)
		if err != nil {
			return "", err
		}
		return file + ": " + t.Describe(), nil
	}
	d, err := loadProfile(file)
	if err != nil {
		return "", err
	}
	i := d.Info()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: platform %s (%s), family %s, evidence %s\n", file, i.ID, i.Title, i.Family, i.Evidence)
	for _, r := range i.Routes {
		fmt.Fprintf(&b, "  %s  %s\n", r.Kind, r.Path)
	}
	var keys []string
	for _, k := range i.Keys {
		keys = append(keys, k.Name)
	}
	fmt.Fprintf(&b, "  keys: %s\n", strings.Join(keys, ", "))
	return b.String(), nil
}

// Text prints a finding for a person.
func (f Finding) Text() string {
	if f.Accepted {
		return f.String() + "\nseal, clock and fields would be accepted\n"
	}
	return f.String() + "\nwould be refused: " + string(f.Outcome) + "\n"
}

// pushDoctor judges pushes that staff paste, with the keys of this server's accounts.
type pushDoctor struct{ app *App }

// Check walks a push as if it came in now.
func (d pushDoctor) Check(_ context.Context, q desk.Question) (desk.Finding, error) {
	dialect, ok := d.app.dialect(q.Platform)
	if !ok {
		return desk.Finding{}, fmt.Errorf("no platform is called %q: %w", q.Platform, flow.ErrNotFound)
	}
	return doctor.Check(doctor.Examination{Dialect: dialect, Capture: q.Push, At: q.At, Accounts: d.app.accounts,
		Bound: d.app.bound}), nil
}

// bound says whether a charge's lot is bound to its account.
func (a *App) bound(account string, c *platform.Charge) (charge.Note, bool) {
	est, id := a.views.now(), c.Lot
	if id.IsZero() {
		found, _, ok := est.LotOfCharger(account, c.Chargers)
		if !ok {
			return charge.Say("push.no_charger_of", charge.Text("account", account),
				charge.Text("chargers", strings.Join(c.Chargers, " / "))), false
		}
		id = found
	}
	b, ok := est.Binding(account, id)
	switch {
	case !ok:
		return charge.Say("push.not_bound", charge.Text("account", account), charge.AtLot("lot", id)), false
	case b.Mode == charge.ModeOff:
		return charge.Say("push.binding_off"), false
	}
	return charge.Note{}, true
}
