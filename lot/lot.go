// Package lot is the way out: what the three ways into a car park have in common, and what car parks tell.
//
// The channels (line, callback, ledger) know wires and nothing of rules or storage. Package flow hands them
// orders through Channel and hears from lots through Events.
package lot

import (
	"context"
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Order is one delivery to be tried now.
type Order struct {
	Delivery int64
	Lot      charge.LotID
	Message  charge.Message
	UUID     string // never changes over retries
	Payload  []byte // exact bytes: the downlink JSON of a line, the signed body of a callback
	Tries    int    // tries so far: what was never tried goes first
	// Wanted reports whether the order is still to be tried; a channel asks where the order has waited. Nil: always.
	Wanted func() bool
}

// Result is what one try came to. Detail is the lot's answer or the failure, for the timeline; it holds no
// secret.
type Result struct {
	Result charge.AttemptResult
	Reason charge.Reason // ok, line_off, no_answer, lot_refused or lot_error
	Detail charge.Note
	At     time.Time
	// SentAt is when the bytes left, from which a line's schedule counts; zero where the channel does not say.
	SentAt time.Time
	// Sent says, with AttemptError, that the bytes had left: the lot may have applied them all the same.
	Sent bool
	// Unread says, with AttemptError, that the lot answered with success and the answer cannot be read: it may be a
	// yes, so nothing is sent again by itself.
	Unread bool
}

// Notice is a reduction to be sent to a lot.
type Notice struct {
	Lot       charge.LotID
	Message   charge.Message
	UUID      string
	StayOrder string // the lot's order_id; empty where no stay is known
	Plate     charge.Plate
	Reduction charge.Reduction
	Order     string // start_charge_seq: the platform's order number, else our charge id
	FormID    int    // 5.14 plat_form_id
	Started   time.Time
	Ended     time.Time
	Detail    charge.Detail
}

// Channel gets orders into lots of one kind.
type Channel interface {
	// Compose writes a notice as the exact bytes that every try will send. What cannot be written is NotComposed.
	Compose(n Notice) ([]byte, error)
	// Here reports whether this node can try the lot now: it has a line with room, say.
	Here(lot charge.LotID) bool
	// Deliver tries one order, once those of the lot that are before it have been tried, and calls done exactly
	// once, from any goroutine. It never blocks: an order for which there is no room or no line is done at once
	// with AttemptOffLine; callbacks, which wait for no login, say AttemptError with Sent false.
	Deliver(o Order, done func(Result))
}

// Answer is what a lot hears back to something it reported. Err texts are the documented ones.
type Answer struct {
	State  int         // 1 taken, 0 refused
	ErrMsg string      // for the booth, in Chinese
	Why    charge.Note `json:",omitzero"` // the same for support; the zero Note with State 1
}

// Entry is a car coming in: 2.1, 3.1 or the gate's entry.
type Entry struct {
	Lot     charge.LotID
	OrderID string
	Plate   charge.Plate
	Names   charge.Names // its other plates
	Entered time.Time
	Channel string
	Replace bool // force_update: this entry takes the place of the order's open stay
}

// Exit is a car going out: 2.2, 3.2 or the gate's exit.
type Exit struct {
	Lot      charge.LotID
	OrderID  string
	Plate    charge.Plate
	Names    charge.Names // its other plates
	Entered  time.Time    // zero where not reported
	Left     time.Time
	Total    charge.Fen // what the lot took
	HasTotal bool
	// Reduced is what the exit says was taken off; nil where it names no reduction.
	Reduced *Reduced
}

// Reduced is a reduction as an exit names it.
type Reduced struct {
	Amount  charge.Fen
	Minutes int64
	Told    string // as received
}

// Usage is 2.34 or 3.11: what was really taken off for one charge.
type Usage struct {
	Lot     charge.LotID
	OrderID string // 2.34 only
	Plate   charge.Plate
	Order   string // start_charge_seq
	Method  int    // 1 time, 2 amount, 3 the lot decided
	Minutes int64  // rounded up; method 1
	Amount  charge.Fen
	Told    string // minutes or yuan as received
	Left    time.Time
	// Platform is the dialect that the platform_id of a 3.11 names; a 2.34 names none.
	Platform string
}

// ErrNeverSent says that an acknowledgement names no message of that lot: another lot's, or none at all.
var ErrNeverSent = errors.New("the lot was never sent this message")

// Events is what flow wants to hear from lots. An error means that nothing was stored and the lot should
// try again; a refusal is an Answer with State 0.
type Events interface {
	Entered(ctx context.Context, e Entry) (Answer, error)
	Left(ctx context.Context, e Exit) (Answer, error)
	Used(ctx context.Context, u Usage) (Answer, error)
	// InPark lists the open stays of a plate in a vendor's lots (2.20).
	InPark(ctx context.Context, lot charge.LotID, plate charge.Plate) ([]charge.Stay, error)
	// Acked is an acknowledgement that came after its order was done with: the late answer to an unknown. It returns
	// ErrNeverSent where the lot was never sent such a message.
	Acked(ctx context.Context, lot charge.LotID, uuid string, r Result) error
	// LineUp says that a lot's line has just logged in: what waits for it is due now.
	LineUp(lot charge.LotID)
}

// Directory is what channels need to know of the estate.
type Directory interface {
	// Lot finds a lot that is not off, its vendor with it.
	Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool)
	// Vendor finds a vendor that is not off.
	Vendor(union string) (charge.Vendor, bool)
}

// Price is a lot's answer to a price query (3.1, 5.1) or our own quote of a 4G stay.
type Price struct {
	OrderID        string     `json:"order_id"`
	Total          charge.Fen `json:"total"`           // gross
	Price          charge.Fen `json:"price"`           // due now
	DerateMoney    charge.Fen `json:"derate_money"`    // what the reduction is worth now
	DerateDuration int64      `json:"derate_duration"` // minutes taken off
	Duration       int64      `json:"duration"`        // minutes of the stay
	QueryTime      time.Time  `json:"query_time"`
}

// Pricer asks a lot for the price of a stay.
type Pricer interface {
	QueryPrice(ctx context.Context, stay charge.Stay) (Price, error)
}

// Trier is a Pricer whose lots can say what a reduction would leave of a price.
type Trier interface {
	// TryPrice asks what a stay would cost now with a reduction that is not given.
	TryPrice(ctx context.Context, stay charge.Stay, r charge.Reduction) (Price, error)
}

// Revoker takes back what a lot was given and has not used.
type Revoker interface {
	// CanRevoke reports whether the lot takes anything back.
	CanRevoke(lot charge.LotID) bool
	// Revoke asks once for it. AttemptAcked: it is gone; AttemptRefused: it stands; anything else leaves it open.
	Revoke(ctx context.Context, o Order) Result
}

// NotComposed is the error of a notice that no message can be written for.
func NotComposed(why charge.Note) error { return charge.NewFault(why, why.String()) }
