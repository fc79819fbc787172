// Package apitest holds answers of the admin API against the API's own description, /openapi.json. Tests send every
// answer they get through it.
package apitest

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	prefix      = "/api/v1/"
	problemKind = "application/problem+json"
	address     = "https://chargestamp.invalid/openapi.json"
)

// Document is a description that has been read. Safe for concurrent use.
type Document struct {
	templates map[string][]string // path templates, cut at the slashes, by themselves
	root      map[string]any

	mu      sync.Mutex
	schemas *jsonschema.Compiler // compiles and keeps what is asked for
}

// Read reads a description in OpenAPI 3.1.
func Read(text []byte) (*Document, error) {
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("apitest: %w", err)
	}
	root, _ := tree.(map[string]any)
	paths, _ := root["paths"].(map[string]any)
	if len(paths) == 0 {
		return nil, fmt.Errorf("apitest: the description has no paths")
	}
	d := &Document{root: root, templates: map[string][]string{}, schemas: jsonschema.NewCompiler()}
	d.schemas.DefaultDraft(jsonschema.Draft2020)
	d.schemas.AssertFormat()
	if err := d.schemas.AddResource(address, root); err != nil {
		return nil, fmt.Errorf("apitest: %w", err)
	}
	for path := range paths {
		d.templates[path] = strings.Split(path, "/")
	}
	return d, nil
}

// Answer is what a server answered to one call.
type Answer struct {
	Method, Path string // Path with or without a query
	Status       int
	Header       http.Header
	Body         []byte
}

// Check returns what of an answer the description does not say: an operation, a status or a kind of content that is
// not described, or a body that its schema does not allow. Paths beside the API's are no answers of it: nil.
func (d *Document) Check(a Answer) error {
	path, _, _ := strings.Cut(a.Path, "?")
	if !strings.HasPrefix(path, prefix) {
		return nil
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	where := fmt.Sprintf("%s %s: %d %s", a.Method, path, a.Status, kind)
	template, described := d.operation(a.Method, path)
	if !described {
		if kind != problemKind {
			return fmt.Errorf("%s: no such operation is described, and the answer is not a problem document", where)
		}
		return d.judge(where, a.Body, "components", "schemas", "ErrorModel")
	}
	at := []string{"paths", template, strings.ToLower(a.Method), "responses", fmt.Sprint(a.Status)}
	response, described := d.look(at...).(map[string]any)
	if !described {
		return fmt.Errorf("%s: this status is not described", where)
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if len(a.Body) > 0 {
			return fmt.Errorf("%s: no body is described, and there is one", where)
		}
		return nil
	}
	if content[kind] == nil {
		return fmt.Errorf("%s: this kind of content is not described", where)
	}
	if !strings.HasSuffix(kind, "json") {
		return nil
	}
	return d.judge(where, a.Body, append(at, "content", kind, "schema")...)
}

// CheckWebhook reports where a webhook's message is not as the description says.
func (d *Document) CheckWebhook(body []byte) error {
	return d.judge("webhook", body, "webhooks", "charge.state", "post", "requestBody", "content", "application/json",
		"schema")
}

// operation returns the template that a path is of, the one with the fewest parameters first.
func (d *Document) operation(method, path string) (template string, described bool) {
	parts := strings.Split(path, "/")
	least := len(parts) + 1
	for name, want := range d.templates {
		parameters, fits := fit(want, parts)
		if !fits || parameters >= least || d.look("paths", name, strings.ToLower(method)) == nil {
			continue
		}
		template, least, described = name, parameters, true
	}
	return template, described
}

// fit reports whether a path is of a template, and how many parameters that has.
func fit(template, path []string) (parameters int, fits bool) {
	if len(template) != len(path) {
		return 0, false
	}
	for i, part := range template {
		switch {
		case strings.HasPrefix(part, "{") && path[i] != "":
			parameters++
		case part != path[i]:
			return 0, false
		}
	}
	return parameters, true
}

func (d *Document) look(keys ...string) any {
	var v any = d.root
	for _, key := range keys {
		fields, _ := v.(map[string]any)
		v = fields[key]
	}
	return v
}

// judge holds a body against the schema at a place in the description.
func (d *Document) judge(where string, body []byte, place ...string) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	var pointer strings.Builder
	for _, key := range place {
		pointer.WriteString("/" + escape.Replace(key))
	}
	d.mu.Lock()
	schema, err := d.schemas.Compile(address + "#" + pointer.String())
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}
