package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/words"
)

const yamlType = "application/yaml"

type estateInput struct {
	DryRun  bool   `query:"dry_run" doc:"validate and say what would change"`
	RawBody []byte `contentType:"application/yaml"`
}

type estateOutput struct {
	Body struct {
		Changes []changeView `json:"changes" nullable:"false" doc:"empty where the document changes nothing"`
		Applied bool         `json:"applied"`
		// Warnings keep nothing from being applied.
		Warnings []weakKey `json:"warnings" nullable:"false" doc:"keys that a stranger may find by trying"`
	}
}

// changeView is a change; that of a rule is said in words too, and so is what it is warned of.
type changeView struct {
	estate.Change
	Warning   string       `json:"warning,omitempty"`
	WarningZH string       `json:"warning_zh,omitempty"`
	Says      []words.Text `json:"says,omitempty" doc:"each new version of a rule as a sentence"`
}

func viewChange(c estate.Change) changeView {
	v := changeView{Change: c, Warning: words.Notes(words.English, c.Warned),
		WarningZH: words.Notes(words.Chinese, c.Warned)}
	for _, rule := range c.Rules() {
		v.Says = append(v.Says, words.RuleText(&rule))
	}
	return v
}

// weakKey is a weak key of what a document names, in words too.
type weakKey struct {
	estate.Weak
	Text    string `json:"text"`
	Chinese string `json:"text_zh"`
}

type exportInput struct {
	WithoutSecrets bool `query:"without_secrets" doc:"print no placeholders for secrets; the document applies unchanged"`
}

type exportOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type checkInput struct {
	Body struct {
		Platform string `json:"platform" minLength:"1" maxLength:"40"`
		Push     string `json:"push" minLength:"1" doc:"a raw HTTP request or its body alone"`
		At       string `json:"at,omitempty" doc:"RFC 3339; the time to judge by, now where absent"`
	}
}

type checkOutput struct{ Body doctor.Finding }

func (a *api) estate() {
	handle(a, route{method: http.MethodPost, path: "/estate", id: "apply-estate", role: guard.RoleAdmin,
		maxBody: estateBody,
		summary: "Apply an estate document, YAML or JSON"},
		func(ctx context.Context, who guard.Identity, in *estateInput) (*estateOutput, error) {
			changes, weak, err := a.desk.Apply(ctx, who, in.RawBody, in.DryRun)
			if err != nil {
				return nil, err
			}
			out := new(estateOutput)
			out.Body.Changes, out.Body.Applied = mapAll(changes, viewChange), !in.DryRun
			out.Body.Warnings = mapAll(weak, func(w estate.Weak) weakKey { return weakKey{w, w.In("en"), w.In("zh")} })
			return out, nil
		})
	handle(a, route{method: http.MethodGet, path: "/estate", id: "export-estate", role: guard.RoleAdmin,
		summary: "The estate as a document, secrets as placeholders"},
		func(_ context.Context, who guard.Identity, in *exportInput) (*exportOutput, error) {
			export := a.desk.Export
			if in.WithoutSecrets {
				export = a.desk.ExportWithoutSecrets
			}
			doc, err := export(who)
			return &exportOutput{yamlType, doc}, err
		})
	handle(a, route{method: http.MethodPost, path: "/check", id: "check-push", role: guard.RoleSupport, maxBody: 1 << 20,
		summary: "Have the doctor judge a push"}, a.check)
	a.describeEstate()
}

// describeEstate says that the document comes as YAML and is taken as JSON too.
func (a *api) describeEstate() {
	path := a.OpenAPI().Paths["/api/v1/estate"]
	document := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	path.Get.Responses["200"].Content = map[string]*huma.MediaType{yamlType: document}
	path.Post.RequestBody.Content = map[string]*huma.MediaType{yamlType: document,
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}
}

func (a *api) check(ctx context.Context, who guard.Identity, in *checkInput) (*checkOutput, error) {
	at := a.desk.Now()
	if in.Body.At != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, in.Body.At); err != nil {
			return nil, invalid("body.at", "a time like 2026-01-31T08:00:00+08:00")
		}
	}
	found, err := a.desk.Check(ctx, who, desk.Question{Platform: in.Body.Platform, Push: []byte(in.Body.Push), At: at})
	if err != nil {
		return nil, err
	}
	return &checkOutput{found}, nil
}
