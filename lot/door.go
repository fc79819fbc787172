package lot

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Message is a signed message of a car park, as a door hands it on: its seal held, and its lot may speak this way.
type Message struct {
	*Signed
	Lot charge.LotID
	Now time.Time // its receipt
}

// Door takes the signed messages of one kind of car park over HTTP.
type Door struct {
	// Admit refuses a message whose seal does not hold (WrongKey counts it), or whose lot does not speak this way.
	// The text of its error is the answer.
	Admit  func(ctx context.Context, m Message) error
	Now    func() time.Time
	Logger *slog.Logger
}

// Handle returns the handler of one path. It looks at the seal before anything else, then hands the message to then and
// writes its answer. Fields that then found wrong (Err of the message) are refused; an error of then is answered as
// busy, so that the car park tries again.
func (d Door) Handle(then func(ctx context.Context, m Message) (answer any, err error)) http.HandlerFunc {
	return Handle(func(ctx context.Context, body []byte) any {
		m := Message{Now: d.Now()}
		var err error
		if m.Signed, err = ReadSigned(body); err != nil {
			return m.refused(ctx, err)
		}
		m.Lot = charge.LotID{Union: m.Text("union_id"), Park: m.Text("park_id")}
		if err = d.Admit(ctx, m); err != nil {
			return m.refused(ctx, err)
		}
		answer, err := then(ctx, m)
		if wrong := m.Err(); wrong != nil {
			return m.refused(ctx, wrong)
		}
		if err != nil {
			d.Logger.Error("message of a car park not stored", "lot", m.Lot, "error", err)
			return Reply{ErrMsg: RefusedBusy}
		}
		return answer
	})
}

func (m Message) refused(ctx context.Context, why error) Reply {
	Refused(ctx, m.Lot, why)
	return Reply{ErrMsg: why.Error()}
}
