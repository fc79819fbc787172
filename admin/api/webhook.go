package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/webhook"
	"github.com/chargestamp/chargestamp/words"
	"github.com/danielgtaylor/huma/v2"
)

// webhookQueue is what waits for one address of the setting webhooks.
type webhookQueue struct {
	Name     string     `json:"name"`
	Setting  bool       `json:"setting" doc:"false where no setting names it any more"`
	Waiting  int64      `json:"waiting" doc:"messages that are tried again; counted up to 100,000"`
	GaveUp   int64      `json:"gave_up" doc:"messages that were given up after 24 hours; they are kept for seven days"`
	OldestAt *time.Time `json:"oldest_at" doc:"since when the oldest of those that wait does"`
	NextAt   *time.Time `json:"next_at" doc:"when that one is tried again"`
	TriedAt  *time.Time `json:"tried_at" doc:"when it was tried last"`
	Error    *string    `json:"error" doc:"why that failed, in English"`
	ErrorZH  *string    `json:"error_zh" doc:"the same in Chinese"`
}

func viewQueue(q charge.WebhookQueue) webhookQueue {
	return webhookQueue{q.Name, !q.Unknown, q.Waiting, q.GaveUp, moment(q.Oldest), moment(q.Next), moment(q.Tried),
		text(words.Note(words.English, q.Wrong)), text(words.Note(words.Chinese, q.Wrong))}
}

// untakenMessage is a message that a webhook has not taken.
type untakenMessage struct {
	ID       string          `json:"id" doc:"the Webhook-Id"`
	Charge   string          `json:"charge"`
	State    string          `json:"state" enum:"waiting,gave_up"`
	MadeAt   *time.Time      `json:"made_at"`
	Tries    int             `json:"tries"`
	TriedAt  *time.Time      `json:"tried_at"`
	NextAt   *time.Time      `json:"next_at" doc:"null once it was given up"`
	GaveUpAt *time.Time      `json:"gave_up_at"`
	Error    *string         `json:"error" doc:"why the last try failed, in English"`
	ErrorZH  *string         `json:"error_zh" doc:"the same in Chinese"`
	Body     webhook.Message `json:"body" doc:"as it is posted"`
}

func viewMessage(m charge.WebhookMessage) untakenMessage {
	v := untakenMessage{number(m.ID), number(m.Charge), "waiting", moment(m.Made), m.Tries, moment(m.Tried),
		moment(m.Next), moment(m.GaveUp), text(words.Note(words.English, m.Wrong)), text(words.Note(words.Chinese, m.Wrong)),
		webhook.Message{}}
	if v.GaveUpAt != nil {
		v.State = "gave_up"
	}
	_ = json.Unmarshal([]byte(m.Body), &v.Body) // written by webhook.Compose
	return v
}

type webhookInput struct {
	Counting
	Name string `path:"name"`
}

type resentOutput struct {
	Body struct {
		Resent int64 `json:"resent" doc:"messages that are sent now"`
	}
}

// webhookQueues are what the addresses of the setting webhooks have not taken.
func (a *api) webhookQueues() {
	handle(a, route{method: http.MethodGet, path: "/webhooks", id: "list-webhooks", role: guard.RoleSupport,
		summary: "List the webhooks of the settings, with what waits for each and why"},
		func(ctx context.Context, _ guard.Identity, _ *struct{}) (*list[webhookQueue], error) {
			queues, err := a.desk.Webhooks(ctx)
			return listOf(mapAll(queues, viewQueue)), err
		})
	handle(a, route{method: http.MethodGet, path: "/webhooks/{name}/messages", id: "list-webhook-messages",
		role: guard.RoleSupport, summary: "List the messages that a webhook has not taken, the newest first"},
		func(ctx context.Context, _ guard.Identity, in *webhookInput) (*list[untakenMessage], error) {
			page, err := a.desk.WebhookMessages(ctx, charge.WebhookFilter{Name: in.Name, Limit: in.Limit, Cursor: in.Cursor,
				Count: in.Count})
			return pageOf(page, viewMessage), err
		})
	handle(a, route{method: http.MethodPost, path: "/webhooks/{name}/resend", id: "resend-webhook",
		role: guard.RoleSupport, summary: "Send what a webhook has not taken at once, what was given up too"},
		func(ctx context.Context, who guard.Identity, in *struct {
			Name string `path:"name"`
		}) (*resentOutput, error) {
			out := new(resentOutput)
			var err error
			out.Body.Resent, err = a.desk.ResendWebhook(ctx, who, in.Name)
			return out, err
		})
}

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
