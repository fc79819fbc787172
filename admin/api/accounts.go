package api

import (
	"context"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
)

type accountView struct {
	Account     string     `json:"account"`
	Platform    string     `json:"platform"`
	Scope       string     `json:"scope" doc:"platform, a union_id, or a lot"`
	Off         bool       `json:"off"`
	Clock       string     `json:"clock" enum:"off,warn,enforce"`
	Keys        []keyView  `json:"keys" nullable:"false"`
	FormerUntil *time.Time `json:"former_until" doc:"until when former keys are valid as well; null where there are none"`
	LastUsed    struct {
		Current *time.Time `json:"current"`
		Former  *time.Time `json:"former" doc:"once this stands still, the former keys may go"`
	} `json:"last_used" doc:"when each set of keys last opened a push; stored about every minute"`
	AllowFrom []string `json:"allow_from" nullable:"false"`
	PathToken bool     `json:"path_token" doc:"whether it is locked by path"`
	ReportURL *string  `json:"report_url"`
}

type keyView struct {
	Name   string  `json:"name"`
	Value  *string `json:"value" doc:"masked where it is secret; null where it is not set"`
	Former bool    `json:"former" doc:"a former value is valid as well"`
}

func viewAccount(a desk.Account) accountView {
	v := accountView{Account: a.ID, Platform: a.Platform, Scope: a.Scope.String(), Off: a.Off, Clock: string(a.Clock),
		Keys:      mapAll(a.Keys, func(k desk.Key) keyView { return keyView{k.Name, text(k.Value), k.Former} }),
		AllowFrom: []string{}, PathToken: a.PathToken != ""}
	if len(a.OldKeys) > 0 {
		v.FormerUntil = moment(a.OldUntil)
	}
	v.LastUsed.Current, v.LastUsed.Former = moment(a.LastUsed.Current), moment(a.LastUsed.Former)
	for _, p := range a.AllowFrom {
		v.AllowFrom = append(v.AllowFrom, p.String())
	}
	if a.Report != nil {
		v.ReportURL = text(a.Report.URL)
	}
	return v
}

func (a *api) accounts() {
	handle(a, route{method: http.MethodGet, path: "/accounts", id: "list-accounts", role: guard.RoleViewer,
		summary: "List accounts, their keys masked, and when each set of keys was last used"},
		func(_ context.Context, who guard.Identity, _ *struct{}) (*list[accountView], error) {
			accounts, err := a.desk.Accounts(who)
			return listOf(mapAll(accounts, viewAccount)), err
		})
}
