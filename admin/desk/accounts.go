package desk

import (
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
)

// Account is an account as staff see it: which keys it has, not what they are.
type Account struct {
	*charge.Account
	Keys     []Key
	LastUsed KeyUse
}

// Key is one key of an account, masked where it is secret.
type Key struct {
	Name   string
	Value  string // masked; empty where it is not set
	Former bool   // a former value is valid as well
}

// Accounts lists the accounts by name, switched off ones too.
func (d *Desk) Accounts(who guard.Identity) ([]Account, error) {
	if err := allow(who, guard.RoleViewer); err != nil {
		return nil, err
	}
	var out []Account
	for _, a := range d.cfg.Estate.State().Accounts() {
		v := Account{Account: a, Keys: d.keysOf(a)}
		if d.cfg.KeyUses != nil {
			v.LastUsed = d.cfg.KeyUses.KeyUse(a.ID)
		}
		out = append(out, v)
	}
	return out, nil
}

// account finds an account, an off one too.
func (d *Desk) account(id string) (*charge.Account, bool) {
	accounts := d.cfg.Estate.State().Accounts()
	at := slices.IndexFunc(accounts, func(a *charge.Account) bool { return a.ID == id })
	if at < 0 {
		return nil, false
	}
	return accounts[at], true
}

// keysOf lists an account's keys in the order of its platform's paper, then those that the paper does not name.
func (d *Desk) keysOf(a *charge.Account) []Key {
	info, _ := d.Platform(a.Platform)
	var keys []Key
	add := func(name string, secret bool) {
		k := Key{Name: name, Value: a.Keys[name].String()}
		if !secret {
			k.Value = a.Keys[name].Reveal()
		}
		_, k.Former = a.OldKeys[name]
		keys = append(keys, k)
	}
	for _, k := range info.Keys {
		add(k.Name, k.Secret)
	}
	var rest []string
	for name := range a.Keys {
		if !slices.ContainsFunc(info.Keys, func(k platform.KeyInfo) bool { return k.Name == name }) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	for _, name := range rest {
		add(name, true)
	}
	return keys
}
