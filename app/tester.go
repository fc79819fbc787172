package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

// tester pushes one invented charge the whole real way: built and sealed by the platform's dialect, over a socket to
// our own public listener.
type tester struct{ app *App }

// testPushTime bounds one request of a test push.
const testPushTime = 30 * time.Second

// TestPush pushes for an account and reports what it came to.
func (t tester) TestPush(ctx context.Context, account string, id charge.LotID, plate charge.Plate) (desk.TestPush,
	error) {
	state := t.app.book.State()
	acc, ok := state.Account(account)
	if !ok {
		return desk.TestPush{}, fmt.Errorf("account %s: %w", account, flow.ErrNotFound)
	}
	binding, ok := state.Binding(account, id)
	if !ok {
		return desk.TestPush{}, fmt.Errorf("binding of %s and %s: %w", account, id, flow.ErrNotFound)
	}
	d, ok := t.app.dialect(acc.Platform)
	forger, forges := d.(platform.Forger)
	if !ok || !forges {
		return desk.TestPush{}, fmt.Errorf("the platform %s has no test push", acc.Platform)
	}
	now := t.app.clock.Now()
	sample := platform.Sample{Order: charge.TestOrder + now.In(charge.Shanghai).Format("20060102150405.000000")[:14] +
		strconv.Itoa(now.Nanosecond()/1000),
		Plate: charge.Plate(plate.Full()), Lot: id, Started: now.Add(-time.Hour), Ended: now.Add(-time.Second), Energy: 12500,
		Total: 1500, Minutes: 60}
	if len(binding.Chargers) > 0 {
		sample.Charger = binding.Chargers[0]
	} else if len(binding.Stations) > 0 {
		sample.Charger = binding.Stations[0]
	}
	keys := t.keys(acc, d.Info(), id)
	token, err := t.token(ctx, d, acc, keys)
	if err != nil {
		return desk.TestPush{}, fmt.Errorf("asking for a token: %w", err)
	}
	q, err := forger.Forge(keys, sample, token, now)
	if err != nil {
		return desk.TestPush{}, err
	}
	status, answer, err := t.send(ctx, acc, q)
	if err != nil {
		return desk.TestPush{}, err
	}
	out := desk.TestPush{Request: masked(q), Status: status, Answer: doctor.MaskAnswer(string(answer))}
	page, err := t.app.store.Charges(ctx, charge.ChargeFilter{Platform: acc.Platform, Order: sample.Order, Limit: 1})
	if err == nil && len(page.Items) > 0 {
		out.Charge = page.Items[0].ID
	}
	return out, err
}

// token asks for an access token as the platform would; empty where it has no path for that.
func (t tester) token(ctx context.Context, d platform.Dialect, acc *charge.Account, k platform.Keys) (string, error) {
	asker, ok := d.(platform.TokenAsker)
	for _, r := range d.Info().Routes {
		if !ok || r.Kind != platform.RouteToken {
			continue
		}
		q := asker.TokenRequest(k, t.app.clock.Now(), 1)
		q.Path = r.Path
		_, body, err := t.send(ctx, acc, q)
		if err != nil {
			return "", err
		}
		token, _, err := asker.ReadToken(k, body)
		return token, err
	}
	return "", nil
}

// send posts a request to our own listener, by the account's path token.
func (t tester) send(ctx context.Context, acc *charge.Account, q platform.Request) (status int, answer []byte,
	err error) {
	ctx, cancel := context.WithTimeout(ctx, testPushTime)
	defer cancel()
	path := q.Path
	if acc.PathToken != "" {
		path += "/" + acc.PathToken.Reveal()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.app.addresses.HTTP+path,
		bytes.NewReader(q.Body))
	if err != nil {
		return 0, nil, err
	}
	req.Header = q.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// keys are an account's, with the key that a vendor or lot issued where the platform signs with that.
func (t tester) keys(acc *charge.Account, info platform.Info, id charge.LotID) platform.Keys {
	keys := platform.Keys{}
	for name, k := range acc.Keys {
		keys[name] = k
	}
	if info.Issuer != platform.IssuerAccount {
		name, key, _ := issuedKey(t.app.book.State(), info, id)
		keys[name] = key
	}
	return keys
}

// masked prints what was sent: the payload in the clear where there is one, no credentials.
func masked(q platform.Request) string {
	text := http.MethodPost + " (" + strconv.Itoa(len(q.Body)) + " bytes, signed)"
	if len(q.Plain) > 0 {
		text += "\n" + string(q.Plain)
	}
	return text
}
