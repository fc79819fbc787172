package client

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Charge is what the server says of one charge. Lists leave Usage and Decision out.
type Charge struct {
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

// StatementRow is one row of a statement.
type StatementRow struct {
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

// Page is a part of a list, with the cursors of the pages before and after it; empty where there is none. Total is how
// many there are on all pages, where the query asks to count.
type Page[T any] struct {
	Items []T    `json:"items"`
	Prev  string `json:"prev"`
	Next  string `json:"next"`
	Total int    `json:"total"`
}

// Apply sends an estate document.
func (c *Client) Apply(ctx context.Context, document []byte) error {
	return c.Post(ctx, "/api/v1/estate", document, nil)
}

// Charges lists the charges that a query finds, over all pages.
func (c *Client) Charges(ctx context.Context, query url.Values) ([]Charge, error) {
	var all []Charge
	q := url.Values{"limit": {"500"}}
	for name, values := range query {
		q[name] = values
	}
	for {
		var page Page[Charge]
		if err := c.Get(ctx, "/api/v1/charges", q, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, nil
		}
		q.Set("cursor", page.Next)
	}
}

// Charge returns one charge, whole.
func (c *Client) Charge(ctx context.Context, id string) (*Charge, error) {
	found := new(Charge)
	return found, c.Get(ctx, "/api/v1/charges/"+url.PathEscape(id), nil, found)
}

// Find returns the newest charge of an order, whole, or nil while there is none.
func (c *Client) Find(ctx context.Context, platform, order string) (*Charge, error) {
	return c.newest(ctx, url.Values{"platform": {platform}, "order": {order}})
}

func (c *Client) newest(ctx context.Context, query url.Values) (*Charge, error) {
	var page Page[Charge]
	query.Set("limit", "1")
	err := c.Get(ctx, "/api/v1/charges", query, &page)
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return c.Charge(ctx, page.Items[0].ID)
}

// lookEvery is how often the server is asked again for something that it does not push.
const lookEvery = 40 * time.Millisecond

// Wait looks at the charge of an order until it fits or the context ends. With an error it returns the charge as it
// was seen last, nil where there was none.
func (c *Client) Wait(ctx context.Context, platform, order string, fits func(*Charge) bool) (*Charge, error) {
	return c.WaitFor(ctx, url.Values{"platform": {platform}, "order": {order}}, fits)
}

// WaitFor is Wait for the newest charge that a query finds: some platforms number no orders.
func (c *Client) WaitFor(ctx context.Context, query url.Values, fits func(*Charge) bool) (*Charge, error) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	var last *Charge
	failed := fmt.Errorf("the gateway knows no such charge of %s", query.Get("platform"))
	for {
		found, err := c.newest(ctx, query)
		switch {
		case err != nil && ctx.Err() == nil:
			failed = err
		case err == nil && found != nil:
			if last = found; fits(found) {
				return found, nil
			}
			failed = fmt.Errorf("the charge stayed %s (%s)", found.State, found.Reason)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return last, failed
		}
	}
}

// InState is a condition of Wait: the charge is in one of some states.
func InState(states ...charge.State) func(*Charge) bool {
	return func(c *Charge) bool { return slices.Contains(states, c.State) }
}

// Statement returns the rows of the days from (inclusive) to (exclusive), "2026-01-31" in Asia/Shanghai.
func (c *Client) Statement(ctx context.Context, from, to string) ([]StatementRow, error) {
	var list struct{ Items []StatementRow }
	err := c.Get(ctx, "/api/v1/statements", url.Values{"from": {from}, "to": {to}}, &list)
	return list.Items, err
}
