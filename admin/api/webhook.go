package api

import (
	"net/http"
	"reflect"

	"github.com/chargestamp/chargestamp/webhook"
	"github.com/danielgtaylor/huma/v2"
)

// webhooks describes what the gateway posts to the addresses of the setting webhooks.
func (a *api) webhooks() {
	header := func(name, what string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: what,
			Schema: &huma.Schema{Type: huma.TypeString}}
	}
	a.OpenAPI().Webhooks = map[string]*huma.PathItem{"charge.state": {Post: &huma.Operation{
		OperationID: "charge-state-changed", Tags: []string{"webhooks"}, Security: []map[string][]string{{}},
		Summary: "A charge's state has changed",
		Description: "Posted at least once to each address of the setting `webhooks`. Any status from 200 to 299 takes it; " +
			"else it is sent again for 24 hours.",
		Parameters: []*huma.Param{
			header("Webhook-Id", "of the change, as in the body; the same when the message is sent again"),
			header("Webhook-Timestamp", "when this try was made, seconds since 1970"),
			header("Webhook-Signature", "`v1,` and the Base64 of HMAC-SHA256 over id, timestamp and body, joined by dots"),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
			Schema: a.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[webhook.Message](), true, "")}}},
		Responses: map[string]*huma.Response{
			"2XX":     {Description: http.StatusText(http.StatusOK) + ": the message was taken"},
			"default": {Description: "the message was not taken and is sent again"},
		},
	}}}
}
