package main

import (
	"strings"
	"time"
)

type accountsCommand struct {
	remote
	output
}

// Run lists accounts, which keys they have, and when each set of keys was last used.
func (a *accountsCommand) Run(c *console) error {
	var page struct {
		Items []struct {
			Account  string `json:"account"`
			Platform string `json:"platform"`
			Scope    string `json:"scope"`
			Off      bool   `json:"off"`
			Keys     []struct {
				Name  string  `json:"name"`
				Value *string `json:"value"`
			} `json:"keys"`
			FormerUntil *time.Time `json:"former_until"`
			LastUsed    struct {
				Current *time.Time `json:"current"`
				Former  *time.Time `json:"former"`
			} `json:"last_used"`
		} `json:"items"`
	}
	if err := a.client().Get(c.ctx, "/api/v1/accounts", nil, &page); err != nil {
		return err
	}
	t := table{head: []string{"ACCOUNT", "PLATFORM", "SCOPE", "STATE", "KEYS", "LAST USED", "FORMER KEYS UNTIL", "LAST USED"}}
	for _, i := range page.Items {
		state := "on"
		if i.Off {
			state = "off"
		}
		var keys []string
		for _, k := range i.Keys {
			if k.Value != nil {
				keys = append(keys, k.Name)
			}
		}
		t.rows = append(t.rows, []string{i.Account, i.Platform, i.Scope, state, strings.Join(keys, " "), when(i.LastUsed.Current), when(i.FormerUntil), when(i.LastUsed.Former)})
	}
	return a.print(c, t, page.Items)
}

// when prints a time in a table.
func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}
