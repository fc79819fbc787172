package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaPrefix is where the description keeps its schemas.
const schemaPrefix = "#/components/schemas/"

// failures are the statuses of the problem documents that an operation can answer with.
func failures(method string) []int {
	always := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity,
		http.StatusInternalServerError, http.StatusServiceUnavailable}
	if method == http.MethodGet {
		return always
	}
	return append(always, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
}

// allowNull puts null into the schemas of fields that are pointers to an object; huma describes them as the object
// alone. Only answers have such fields.
func allowNull(schemas huma.Registry) {
	for name, schema := range schemas.Map() {
		t := schemas.TypeFromRef(schemaPrefix + name)
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			continue
		}
		for _, field := range reflect.VisibleFields(t) {
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			property := schema.Properties[key]
			if field.Type.Kind() != reflect.Pointer || strings.Contains(options, "omitempty") || property == nil ||
				property.Ref == "" {
				continue
			}
			schema.Properties[key] = &huma.Schema{Description: field.Tag.Get("doc"),
				AnyOf: []*huma.Schema{{Ref: property.Ref}, {Type: "null"}}}
		}
	}
}
