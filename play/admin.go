package play

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// office reads and acts through the admin API, as a person at the console would: docs/api.md.
type office struct {
	base  string
	token string
}

// Said is what the gateway says of one charge.
type Said struct {
	ID        string        `json:"id"`
	Platform  string        `json:"platform"`
	Order     string        `json:"order"`
	Lot       string        `json:"lot"`
	State     charge.State  `json:"state"`
	Reason    charge.Reason `json:"reason"`
	Reduction *struct {
		Method  charge.Method `json:"method"`
		Minutes int64         `json:"minutes"`
		Amount  charge.Fen    `json:"amount"`
	} `json:"reduction"`
	Usage *struct {
		Minutes int64      `json:"minutes"`
		Amount  charge.Fen `json:"amount"`
	} `json:"usage"`
	Decision *struct {
		Rule charge.Rule `json:"rule"`
	} `json:"decision"`
}

// statementLine is one row of a statement.
type statementLine struct {
	Day            string     `json:"day"`
	Platform       string     `json:"platform"`
	Lot            string     `json:"lot"`
	Charges        int64      `json:"charges"`
	GrantedMinutes int64      `json:"granted_minutes"`
	GrantedAmount  charge.Fen `json:"granted_amount"`
	Delivered      int64      `json:"delivered"`
	UsedMinutes    int64      `json:"used_minutes"`
	UsedAmount     charge.Fen `json:"used_amount"`
	Gaps           int64      `json:"gaps"`
}

// find gives the charge of an order, whole, or nil while there is none.
func (o office) find(ctx context.Context, platform, order string) (*Said, error) {
	var list struct{ Items []Said }
	err := o.get(ctx, "/api/v1/charges", url.Values{"platform": {platform}, "order": {order}, "limit": {"1"}}, &list)
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	return o.chargeByID(ctx, list.Items[0].ID)
}

// count is how many charges an order has: one, if all is well.
func (o office) count(ctx context.Context, platform, order string) (int, error) {
	var list struct{ Items []Said }
	err := o.get(ctx, "/api/v1/charges", url.Values{"platform": {platform}, "order": {order}}, &list)
	return len(list.Items), err
}

func (o office) chargeByID(ctx context.Context, id string) (*Said, error) {
	said := new(Said)
	return said, o.get(ctx, "/api/v1/charges/"+url.PathEscape(id), nil, said)
}

// lookEvery is how often the gateway is asked again for something it does not push.
const lookEvery = 40 * time.Millisecond

// wait looks at a charge until it fits or the context ends; then it gives what was seen last.
func (o office) wait(ctx context.Context, platform, order string, fits func(*Said) bool) (*Said, error) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	var last *Said
	failed := fmt.Errorf("the gateway knows no charge %s of %s", order, platform)
	for {
		said, err := o.find(ctx, platform, order)
		switch {
		case err != nil && ctx.Err() == nil:
			failed = err
		case err == nil && said != nil:
			if last = said; fits(said) {
				return said, nil
			}
			failed = fmt.Errorf("the charge stayed %s (%s)", said.State, said.Reason)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return last, failed
		}
	}
}

func (o office) statement(ctx context.Context, from, to string) ([]statementLine, error) {
	var list struct{ Items []statementLine }
	err := o.get(ctx, "/api/v1/statements", url.Values{"from": {from}, "to": {to}}, &list)
	return list.Items, err
}

// apply sends an estate file.
func (o office) apply(ctx context.Context, yaml []byte) error {
	return o.call(ctx, http.MethodPost, "/api/v1/estate", "application/yaml", yaml, nil)
}

func (o office) get(ctx context.Context, path string, query url.Values, v any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return o.call(ctx, http.MethodGet, path, "", nil, v)
}

func (o office) call(ctx context.Context, method, path, kind string, body []byte, v any) error {
	req, err := http.NewRequestWithContext(ctx, method, o.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+o.token)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, req.URL.Path, resp.Status, bytes.TrimSpace(text))
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s %s: %w", method, req.URL.Path, err)
	}
	return nil
}

// httpBase makes a base address of "127.0.0.1:8080" or "http://127.0.0.1:8080".
func httpBase(addr string) string {
	if !strings.Contains(addr, "://") {
		addr = "http://" + addr
	}
	return strings.TrimRight(addr, "/")
}

// tcpAddr takes a scheme off "tcp://127.0.0.1:6789".
func tcpAddr(addr string) string {
	_, rest, found := strings.Cut(addr, "://")
	if !found {
		return addr
	}
	return rest
}
