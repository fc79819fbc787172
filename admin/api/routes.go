package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/webhook"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// New registers the API on a mux. version is the gateway's, for the description.
func New(mux *http.ServeMux, d *desk.Desk, version string) {
	config := huma.DefaultConfig("Chargestamp", version)
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no $schema in answers: they are exactly what docs/api.md prints
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{hideValues}
	config.Components.Schemas = huma.NewMapRegistry(schemaPrefix, schemaName)
	config.Info.Description = "The admin interface of a Chargestamp gateway. " +
		"Ids are strings, money is yuan with two decimals as a string, times are RFC 3339 in UTC."
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.Servers = []*huma.Server{{URL: "http://127.0.0.1:8081", Description: "the admin listener, by default"}}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "an API token, made by `chargestamp token create`"},
	}
	config.Security = []map[string][]string{{"token": {}}}
	a := &api{API: humago.New(mux, config), desk: d}
	a.UseMiddleware(a.authorize, a.once)
	a.charges()
	a.pushes()
	a.lots()
	a.rules()
	a.accounts()
	a.statements()
	a.estate()
	a.access()
	a.webhookQueues()
	a.webhooks()
	allowNull(a.OpenAPI().Components.Schemas)
}

// schemaName keeps apart the API's own types and nouns of the same name.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	switch t.PkgPath() {
	case reflect.TypeFor[charge.Rule]().PkgPath():
		return "Rule" + strings.TrimPrefix(name, "Rule")
	case reflect.TypeFor[webhook.Message]().PkgPath():
		return "Webhook" + name
	}
	return name
}
