package lot

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/chargestamp/chargestamp/seal"
)

// maxBody bounds what a car park may send in one request.
const maxBody = 64 << 10

// Reply is the answer to a car park's message: state, errmsg, and whatever the interface adds.
type Reply struct {
	State   int    `json:"state"`
	OrderID string `json:"order_id,omitempty"`
	ErrMsg  string `json:"errmsg,omitempty"`
}

// RefusedBusy answers a car park that nothing was stored and that it should try again.
const RefusedBusy = "系统繁忙, 请稍后重试"

// Handle makes an HTTP handler of a function that takes a body and returns an answer to be written as JSON. It
// takes POST only (405) and at most 64 KiB (413); everything else is answered with 200, refusals too.
func Handle(answer func(ctx context.Context, body []byte) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			write(w, http.StatusMethodNotAllowed, Reply{ErrMsg: "只接受POST"})
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			write(w, http.StatusRequestEntityTooLarge, Reply{ErrMsg: "报文超过64KiB"})
			return
		}
		if err != nil {
			write(w, http.StatusBadRequest, Reply{ErrMsg: "报文不完整"})
			return
		}
		write(w, http.StatusOK, answer(r.Context(), body))
	}
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(seal.PrintJSON(answer))
}
