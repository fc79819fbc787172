// Package flow is the story of a charge: accepted, matched to its stay, decided by rule, delivered into the lot,
// settled at the exit, reported to its platform. Each step is a file, and a file uses only files before it in the
// order that layout_test.go holds. What is stored at one step is stored in one transaction; an answer leaves only
// after its commit.
package flow

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/machine"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// ErrNotFound says that there is no such charge, stay, push or lot.
var ErrNotFound = errors.New("not found")

// ErrBusy says that nothing was read or taken: the database is away or too much waits for it. Try again later.
var ErrBusy = outbox.ErrBusy

// Estate is what the story needs to know of vendors, lots, accounts and bindings. One Estate is a snapshot
// that does not change.
type Estate interface {
	lot.Directory
	// Account finds an account that is not off.
	Account(id string) (charge.Account, bool)
	// Binding finds the binding of an account to a lot, switched off ones too.
	Binding(account string, id charge.LotID) (charge.Binding, bool)
	// LotOff reports whether a lot is there and switched off.
	LotOff(id charge.LotID) bool
	// LotOfCharger finds the lot whose binding with the account lists one of the charger ids, tried in order.
	LotOfCharger(account string, chargers []string) (id charge.LotID, charger string, ok bool)
	// Issuer is who numbers the orders that an account pushes for a lot.
	Issuer(account string, id charge.LotID) charge.Issuer
	// Children lists the lots whose parent a lot is.
	Children(id charge.LotID) []charge.LotID
}

// Observer hears what happened, for metrics. Its methods must not block.
type Observer interface {
	Pushed(platform string, outcome charge.Outcome)
	Moved(state charge.State, reason charge.Reason)
	Tried(channel charge.DeliveryChannel, result charge.AttemptResult)
	Delivered(id charge.LotID, channel charge.DeliveryChannel, since time.Duration)
	StrayAck(id charge.LotID)
	// Posted is called after each try to post a message to a webhook.
	Posted(target string, taken bool)
}

// Reports reports usages to platforms over HTTP; see report.go.
type Reports interface {
	// Report sends one usage to the account's target. taken is false where a new try can help.
	Report(ctx context.Context, a charge.Account, u platform.Used) (taken bool, detail charge.Note)
}

// Webhooks posts the changes of charges' states to addresses that an operator names. Its methods are safe for
// concurrent use.
type Webhooks interface {
	// Hearing lists the targets that get a message of charges coming into a state.
	Hearing(s charge.State) []string
	// Compose writes the message to a target, under an id, that a charge has come from a state ("" for a new charge)
	// into the one that it has.
	Compose(target string, id int64, c *charge.Charge, was charge.State) string
	// Post sends a message once. Any error means that it has to be sent again.
	Post(ctx context.Context, target string, id int64, message string) error
}

// Tracer follows charges from their push to the lot's acknowledgement. Its methods must not block.
type Tracer interface {
	// Stored is called for a charge that a push has made: when the push was received, when its write began and when that
	// was committed.
	Stored(c *charge.Charge, begun, committed time.Time)
	// Tried is called at the end of a try to deliver.
	Tried(t TriedDelivery)
}

// TriedDelivery is one try to deliver, as a Tracer gets it.
type TriedDelivery struct {
	Charge  int64
	Lot     charge.LotID
	Channel charge.DeliveryChannel
	Begun   time.Time // zero: the acknowledgement came when no caller waited for it any more
	Sent    time.Time // when the bytes left; zero where the channel does not say
	Ended   time.Time
	Result  charge.AttemptResult
	Reason  charge.Reason
}

// Opener opens a stored request again, as intake would have at the time it was received, locks included.
type Opener interface {
	Reopen(p charge.Push) (platform.Push, platform.Account, platform.Message, error)
}

// Config is what a Flow is made of.
type Config struct {
	Storage  Storage
	Estate   func() Estate
	Dialect  func(id string) (platform.Dialect, bool)
	Channels map[charge.DeliveryChannel]lot.Channel // line and callback
	Prices   map[charge.LotKind]lot.Pricer          // of the kinds that CanPrice
	Revoker  lot.Revoker                            // of lots that take reductions back; nil where none does
	Reports  Reports
	Webhooks Webhooks // nil where there can be none
	Opener   Opener
	Tracer   Tracer // nil: none
	Observer Observer
	// Linked reports whether any node holds a line of a lot; nil: there is no other node.
	Linked func(charge.LotID) bool
	// Notify notifies other nodes that jobs of a kind are due; nil where there are none.
	Notify func(outbox.Kind)
	// Bounds returns the settings limits.minutes and limits.amount; nil: there are none.
	Bounds func() charge.Bounds
	IDs    *charge.IDs
	Node   string
	Now    func() time.Time
	Logger *slog.Logger
	// Lease and Poll are the outbox's; 0 is its default.
	Lease, Poll time.Duration
	// Machine is what the work of deliveries and reports stands on; its zero value is the real one.
	Machine machine.Machine
}

// Flow carries a charge through its states. It implements platform.Taker, lot.Events and ledger.Gate.
type Flow struct {
	cfg       Config
	runner    *outbox.Runner
	expiry    *expirer
	strangers *refusals
	recording *recording
	floods    *limit.Rate[[2]string] // refusals of too many pushes that are recorded, by platform and account
	taking    chan struct{}          // holds one for each push that is being stored
	turns     outbox.Turns
	clocks    lotClocks
	retries   chan struct{} // holds one for each delivery that is being looked at again before another try
}

const (
	// Pushes beyond are answered "busy" at once. The queue of the store is longer, but what waits at its end would be
	// answered after its platform has given up, and results of deliveries need room there too.
	mostTaking = 1024

	// What was put off for dead lots comes due in bursts. Looked at all at once it would fill the writer's batches,
	// and the pushes of healthy lots would wait for it.
	mostRetries = 8
)

// bounds are the settings that bound what pushes ask for, as they stand now.
func (f *Flow) bounds() charge.Bounds {
	if f.cfg.Bounds == nil {
		return charge.Bounds{}
	}
	return f.cfg.Bounds()
}

// expirer ends holds whose deadline has passed.
type expirer struct {
	f    *Flow
	mu   sync.Mutex
	stop context.CancelFunc // nil while it does not run
	gone chan struct{}      // closed once it has stopped
}
