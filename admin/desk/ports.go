package desk

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
)

// Reads are the lists that staff look through, on a snapshot.
type Reads interface {
	Charges(ctx context.Context, f charge.ChargeFilter) (charge.Page[*charge.Charge], error)
	Pushes(ctx context.Context, f charge.PushFilter) (charge.Page[charge.Push], error)
	Stays(ctx context.Context, f charge.StayFilter) (charge.Page[*charge.Stay], error)
	LotStatus(ctx context.Context, id charge.LotID) (charge.LotStatus, error)
	LotStatuses(ctx context.Context) ([]charge.LotStatus, error)
	Statement(ctx context.Context, f StatementFilter) ([]charge.StatementRow, error)
	Counts(ctx context.Context, from, to time.Time) (charge.Counts, error)
}

// StatementFilter narrows a statement; From and To are days ("2026-01-31"), To exclusive.
type StatementFilter struct {
	Platform string
	Lot      charge.LotID
	From, To string
}

// Story tells what became of a charge, and acts on it; flow.Flow is one.
type Story interface {
	Story(ctx context.Context, chargeID int64) (*flow.Story, error)
	Redeliver(ctx context.Context, chargeID int64, a flow.Action) (flow.Effect, error)
	Void(ctx context.Context, chargeID int64, a flow.Action) (flow.Effect, error)
	Bind(ctx context.Context, chargeID int64, stayOrder string, a flow.Action) (flow.Effect, error)
	Replay(ctx context.Context, pushID int64, a flow.Action) (flow.Replayed, error)
	Pause(ctx context.Context, id charge.LotID, a flow.Action) (flow.Effect, error)
	Resume(ctx context.Context, id charge.LotID, a flow.Action) (flow.Effect, error)
	Price(ctx context.Context, id charge.LotID, stayOrder string, plate charge.Plate) (lot.Price, error)
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

// Finding is what the doctor found.
type Finding struct {
	Accepted bool
	Steps    []FindingStep
}

// FindingStep is what the doctor found at one step.
type FindingStep struct {
	Step   string `json:"step"`
	Result string `json:"result"` // ok, failed or not_judged
	Detail string `json:"detail"`
}

// Guard knows who staff are, and keeps the audit log.
type Guard interface {
	Authenticate(ctx context.Context, bearer string) (Identity, error)
	Tokens(ctx context.Context) ([]Token, error)
	CreateToken(ctx context.Context, name string, role Role) (Token, string, error)
	RevokeToken(ctx context.Context, id string) error
	Users(ctx context.Context) ([]User, error)
	CreateUser(ctx context.Context, name, password string, role Role) (User, error)
	RevokeUser(ctx context.Context, name string) error
	Record(ctx context.Context, a Audit) error
	AuditPage(ctx context.Context, f AuditFilter) (charge.Page[Audit], error)
}

// Role is what somebody may do.
type Role string

// Roles, each may do what the ones before it may.
const (
	RoleViewer  Role = "viewer"  // reads, plates masked
	RoleSupport Role = "support" // acts on charges and lots
	RoleAdmin   Role = "admin"   // changes the estate, tokens and users
)

// AtLeast reports whether a role may do what another may.
func (r Role) AtLeast(least Role) bool { return r.rank() >= least.rank() && r.rank() > 0 }

func (r Role) rank() int {
	switch r {
	case RoleViewer:
		return 1
	case RoleSupport:
		return 2
	case RoleAdmin:
		return 3
	}
	return 0
}

// Identity is who asks.
type Identity struct {
	Name string
	Role Role
	Kind string // "user", "token", "local"
}

// Token is an API token, without its secret.
type Token struct {
	ID       string
	Name     string
	Role     Role
	Created  time.Time
	LastUsed time.Time
	Revoked  time.Time
}

// User is a person who signs in to the console.
type User struct {
	Name    string
	Role    Role
	Created time.Time
	TOTP    bool
	Revoked time.Time
}

// Audit is one line of the audit log.
type Audit struct {
	ID     int64
	At     time.Time
	Actor  string
	Action string
	Object string
	Detail string
	Hash   string
}

// AuditFilter narrows the audit log.
type AuditFilter struct {
	Actor    string
	Action   string
	From, To time.Time
	Limit    int
	Cursor   string
}
