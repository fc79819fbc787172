package app

import (
	"context"
	"fmt"
	"strconv"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/play"
)

// tester pushes one invented charge the whole real way: built and sealed by the player, over a socket to our own
// public listener.
type tester struct{ app *App }

// TestPush pushes for an account and tells what it came to.
func (t tester) TestPush(ctx context.Context, account string, id charge.LotID, plate charge.Plate) (desk.TestPush, error) {
	state := t.app.book.State()
	acc, ok := state.Account(account)
	if !ok {
		return desk.TestPush{}, fmt.Errorf("account %s: %w", account, flow.ErrNotFound)
	}
	binding, ok := state.Binding(account, id)
	if !ok {
		return desk.TestPush{}, fmt.Errorf("binding of %s and %s: %w", account, id, flow.ErrNotFound)
	}
	push := play.DefaultPush(t.app.clock.Now())
	push.Order = "TEST" + push.Order
	push.Lot, push.Plate = id, charge.Plate(plate.Full())
	if len(binding.Chargers) > 0 {
		push.Charger = binding.Chargers[0]
	}
	player := &play.Player{BaseURL: "http://" + t.app.addresses.HTTP, Platform: acc.Platform, Keys: t.keys(acc, id), PathToken: acc.PathToken.Reveal()}
	ex, err := player.Send(ctx, push, play.Options{})
	if err != nil {
		return desk.TestPush{}, err
	}
	out := desk.TestPush{Request: masked(ex.Request), Status: ex.Status, Answer: string(ex.Body)}
	page, err := t.app.store.Charges(ctx, charge.ChargeFilter{Platform: acc.Platform, Order: push.Order, Limit: 1})
	if err == nil && len(page.Items) > 0 {
		out.Charge = page.Items[0].ID
	}
	return out, err
}

// keys are an account's, with the key that a vendor or lot issued where the platform signs with that.
func (t tester) keys(acc *charge.Account, id charge.LotID) play.Keys {
	keys := play.Keys{}
	for name, k := range acc.Keys {
		keys[name] = k.Reveal()
	}
	if d, ok := t.app.dialect(acc.Platform); ok {
		if name, key, _ := issuedKey(t.app.book.State(), d.Info(), id); d.Info().Issuer != platform.IssuerAccount {
			keys[name] = key.Reveal()
		}
	}
	return keys
}

// masked prints what was sent: the payload in the clear where there is one, no credentials.
func masked(r *play.Request) string {
	text := r.Method + " (" + strconv.Itoa(len(r.Body)) + " bytes, signed)"
	if len(r.Plain) > 0 {
		text += "\n" + string(r.Plain)
	}
	return text
}
