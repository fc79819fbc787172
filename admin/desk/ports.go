package desk

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/intake"
)

// Reads are the lists that staff look through, on a snapshot.
type Reads interface {
	Push(ctx context.Context, id int64) (*charge.Push, error) // nil where there is none
	Charges(ctx context.Context, f charge.ChargeFilter) (charge.Page[*charge.Charge], error)
	// CountCharges counts what Charges would list, up to f.Limit, and reports whether there are more.
	CountCharges(ctx context.Context, f charge.ChargeFilter) (n int, more bool, err error)
	Pushes(ctx context.Context, f charge.PushFilter) (charge.Page[charge.Push], error)
	// RefusedSince counts refused pushes by account and outcome.
	RefusedSince(ctx context.Context, from time.Time) ([]charge.RefusedCount, error)
	Stays(ctx context.Context, f charge.StayFilter) (charge.Page[*charge.Stay], error)
	// PlatesOf lists a car's other plates.
	PlatesOf(ctx context.Context, p charge.Plate) ([]charge.Plate, error)
	// FindPlate is Charges and Stays of a plate or a part of one.
	FindPlate(ctx context.Context, part string, mostCharges, mostStays int) (charge.Page[*charge.Charge],
		charge.Page[*charge.Stay], error)
	// FindShort is FindPlate for two characters: charges received since a time, and open stays.
	FindShort(ctx context.Context, part string, since time.Time, mostCharges, mostStays int) (charge.Page[*charge.Charge],
		charge.Page[*charge.Stay], error)
	// NearStays returns for each charge the open stays of its lot whose plate differs by one character, newest first.
	NearStays(ctx context.Context, charges []*charge.Charge) ([][]*charge.Stay, error)
	// OpenStays reports which of some stays, by their ids, are open.
	OpenStays(ctx context.Context, ids []int64) (map[int64]bool, error)
	LotStatus(ctx context.Context, id charge.LotID) (charge.LotStatus, error)
	LotStatuses(ctx context.Context) ([]charge.LotStatus, error)
	Statement(ctx context.Context, f charge.StatementFilter) ([]charge.StatementRow, error)
	StatementView(ctx context.Context, f charge.StatementFilter, most int) (charge.StatementView, error)
	Counts(ctx context.Context, from, to time.Time) (charge.Counts, error)
	SpanCounts(ctx context.Context, from, to time.Time) (charge.Counts, error) // without what is pending now
	// Samples lists how the site stood, of each step the worst; a step in which no node ran is left out.
	Samples(ctx context.Context, from, to time.Time, step time.Duration) ([]charge.Sample, error)
}

// Story reads what became of a charge, and acts on it; flow.Flow is one.
type Story interface {
	Story(ctx context.Context, chargeID int64) (*flow.Story, error)
	Stories(ctx context.Context, chargeIDs []int64) ([]*flow.Story, error)
	// Visit finds a stay with the charges in it, oldest first.
	Visit(ctx context.Context, stayID int64) (*charge.Stay, []*charge.Charge, error)
	// Verdict judges a story's charge; Judge does so with the dry run of each action.
	Verdict(s *flow.Story) flow.Verdict
	Judge(ctx context.Context, s *flow.Story) (flow.Verdict, error)
	Redeliver(ctx context.Context, chargeID int64, a flow.Action) (flow.Effect, error)
	Redeliverable(ctx context.Context, charges []*charge.Charge) ([]bool, error)
	Void(ctx context.Context, chargeID int64, a flow.Action) (flow.Effect, error)
	Bind(ctx context.Context, chargeID int64, stayOrder string, a flow.Action) (flow.Effect, error)
	Resolve(ctx context.Context, chargeID int64, lotHas bool, a flow.Action) (flow.Effect, error)
	Replay(ctx context.Context, pushID int64, a flow.Action) (flow.Replayed, error)
	Pause(ctx context.Context, id charge.LotID, a flow.Action) (flow.Effect, error)
	Resume(ctx context.Context, id charge.LotID, a flow.Action) (flow.Effect, error)
	Price(ctx context.Context, id charge.LotID, stayOrder string, plate charge.Plate) (lot.Price, error)
	TryPrice(ctx context.Context, id charge.LotID, stayOrder string, plate charge.Plate,
		r charge.Reduction) (lot.Price, error)
}

// Estate is what is configured, and the way to change it; estate.Book is one.
type Estate interface {
	State() *estate.State
	Apply(ctx context.Context, doc *estate.Document, actor string, dryRun bool) (estate.Changes, error)
}

// Doctor judges a pasted push.
type Doctor interface {
	Check(ctx context.Context, q Question) (Finding, error)
}

// Question is a push to be judged.
type Question struct {
	Platform string
	Push     []byte // a raw HTTP request or its body alone
	At       time.Time
}

// Finding is what the doctor found, step by step.
type Finding = doctor.Finding

// Tester plays a platform: it pushes one invented charge the whole real way, over a socket to our own public
// listener.
type Tester interface {
	TestPush(ctx context.Context, account string, id charge.LotID, plate charge.Plate) (TestPush, error)
}

// TestPush is what a test push came to.
type TestPush struct {
	Request string // as sent, secrets masked
	Status  int
	Answer  string
	Charge  int64 // 0 where none was made
}

// Pulse reports how deliveries do just now, from this node's own counting.
type Pulse interface {
	// Latency returns how long pushes lately took to reach their lots; ok is false where none did.
	Latency() (p50, p99 time.Duration, ok bool)
	// AckP95 returns how long a lot took to acknowledge, 95 of 100.
	AckP95(id charge.LotID) time.Duration
	// Breaker returns the state of a lot's breaker: "closed", "open", "half_open", or "" where it has none.
	Breaker(id charge.LotID) string
}

// Strays knows the last requests that nothing served.
type Strays interface {
	Strays() []intake.Stray
}

// Webhooks knows what the addresses that hear of changes have not taken.
type Webhooks interface {
	// Queues lists the webhooks of the settings, and those that something waits for still.
	Queues(ctx context.Context) ([]charge.WebhookQueue, error)
	// Known reports whether Queues would list a webhook of this name; nothing is counted for it.
	Known(ctx context.Context, name string) (bool, error)
	// Messages lists what a webhook has not taken, the newest first.
	Messages(ctx context.Context, f charge.WebhookFilter) (charge.Page[charge.WebhookMessage], error)
	// Resend sends it at once, what was given up too, and returns how many messages that are.
	Resend(ctx context.Context, name string) (int64, error)
}

// KeyUses knows when the keys of accounts were last used.
type KeyUses interface {
	KeyUse(account string) KeyUse
}

// Docs keeps small documents by kind and key, for all nodes of a site; store.Store is one.
type Docs interface {
	Docs(ctx context.Context, kind string) (map[string][]byte, error)
	Doc(ctx context.Context, kind, key string) ([]byte, error) // one of them; nil where there is none
	DocsRev(ctx context.Context, kind string) (int64, error)
	// PutDocs puts documents where the kind's revision is still the expected one; nil deletes one.
	PutDocs(ctx context.Context, kind string, expectRev int64, puts map[string][]byte) (int64, error)
}

// KeyUse is when the key sets of an account last opened a push; zero for never, as far as is known. An account
// whose platform signs with the keys of vendors or lots stands for all of theirs.
type KeyUse struct {
	Current time.Time `json:"current,omitzero"`
	Former  time.Time `json:"former,omitzero"` // the set that is on its way out
}
