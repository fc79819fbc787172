package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/flow"
)

var statuses = map[desk.Kind]int{
	desk.NotFound:     http.StatusNotFound,
	desk.Unauthorized: http.StatusUnauthorized,
	desk.Forbidden:    http.StatusForbidden,
	desk.Invalid:      http.StatusUnprocessableEntity,
	desk.Conflict:     http.StatusConflict,
}

// problem returns a failure as a problem document. An internal one says nothing but that it is one; the log
// has the rest.
func problem(ctx context.Context, d *desk.Desk, err error) huma.StatusError {
	var known *desk.Error
	if errors.As(err, &known) {
		details := make([]error, 0, len(known.Fields))
		for _, f := range known.Fields {
			details = append(details, &huma.ErrorDetail{Message: f.Detail, Location: f.Where})
		}
		return huma.NewError(statuses[known.Kind], known.Detail, details...)
	}
	if status := huma.StatusError(nil); errors.As(err, &status) {
		return status
	}
	d.Failed(ctx, err)
	if errors.Is(err, flow.ErrBusy) {
		return huma.Error503ServiceUnavailable("the database is away or overloaded; try again in a while")
	}
	return huma.Error500InternalServerError("something failed inside the gateway; its log says what")
}

// WriteProblem writes a problem document outside of any operation: an unknown path, a wrong method, a panic.
func WriteProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(huma.NewError(status, detail))
}
