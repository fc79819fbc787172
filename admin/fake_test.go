package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

var (
	theLot = charge.LotID{Union: "200461", Park: "1313"}
	now    = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
)

// fake stands in for everything behind the desk. It remembers what it was asked.
type fake struct {
	charge   *charge.Charge
	told     *flow.Story
	fail     error // of every read
	page     charge.ChargeFilter
	span     charge.StatementFilter
	done     []string
	memory   memory
	guard    *guard.Guard
	tokens   map[guard.Role]string
	book     *estate.Book
	keys     *guard.Keyring
	oidc     *guard.OIDC
	refuse   estate.Errors // what Apply finds wrong
	alerts   *alert.Watcher
	push     *charge.Push
	unread   bool         // the push cannot be opened with the keys of today
	hidden   bool         // no setting says where platforms reach the gateway
	adminURL string       // how browsers reach the console
	many     int          // more rows in lists; below 0 they are empty
	accounts int          // whose pushes are refused, beside the usual one
	near     *charge.Stay // is near every plate
	log      *slog.Logger // nil is none
	bareStay bool         // no charge has come in the stay
	samples  []charge.Sample
	more     []*charge.Charge // other charges of the same visit
}

func newFake() *fake {
	c := &charge.Charge{
		ID: 7001, Platform: "telaidian", Account: "teld-main", Order: "T-1", Plate: "京AD06088", Lot: theLot,
		StartedAt: time.Date(2024, 1, 1, 10, 0, 0, 0, charge.Shanghai),
		EndedAt:   time.Date(2024, 1, 1, 10, 30, 0, 0, charge.Shanghai),
		Received:  time.Date(2024, 1, 1, 2, 30, 5, 120e6, time.UTC), Energy: 25500, HasEnergy: true, Total: 1785,
		HasTotal: true,
		State:    charge.StateUsed, Reason: charge.ReasonOK,
		Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30}, StayID: 88,
		Decision: &charge.Decision{At: time.Date(2024, 1, 1, 2, 30, 5, 120e6, time.UTC), State: charge.StateSending,
			Reason: charge.ReasonOK,
			Rule: charge.Rule{Version: 1, Grant: charge.GrantChargeTime, Combine: charge.CombineBest,
				Target: charge.TargetStay, HoldSeconds: 7200},
			Wanted:    charge.Reduction{Method: charge.MethodTime, Minutes: 30},
			Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 30},
			Send:      charge.Reduction{Method: charge.MethodTime, Minutes: 30}, StayID: 88, StayOrder: "S-9", Minutes: 30,
			Energy: 25500,
			Granted: []charge.Granted{{Charge: 6990, Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 10},
				Combine: charge.CombineBest, At: time.Date(2024, 1, 1, 1, 0, 0, 0, time.UTC)}}},
		Usage:  &charge.Usage{Minutes: 30, Amount: 0, At: time.Date(2024, 1, 1, 4, 0, 0, 0, time.UTC)},
		Report: charge.ReportDone,
	}
	at := func(sec int) time.Time { return time.Date(2024, 1, 1, 2, 30, sec, 0, time.UTC) }
	f := &fake{charge: c, told: &flow.Story{
		Charge: c,
		Stay:   &charge.Stay{ID: 88, Lot: theLot, OrderID: "S-9", Plate: c.Plate, Entered: at(0).Add(-time.Hour), Open: true},
		Deliveries: []flow.Sent{{Delivery: &charge.Delivery{ID: 501, Charge: 7001, Channel: charge.ChannelLine,
			State: charge.DeliveryDelivered},
			Attempts: []charge.Attempt{{At: at(6), Result: charge.AttemptTimeout, Detail: charge.Say("delivery.no_answer")},
				{At: at(16), Result: charge.AttemptAcked}}}},
		Pushes: []charge.Push{{ID: 31, Platform: "telaidian", Account: "teld-main", Received: at(5), Remote: "203.0.113.9",
			Outcome: charge.OutcomeAccepted, Charge: 7001}},
	}}
	f.guard, f.keys, f.tokens = newGuard(&f.memory)
	f.book = newBook(&f.memory, f.keys)
	return f
}

// bareCharge is one that waits and has nothing yet.
func bareCharge() *charge.Charge {
	return &charge.Charge{ID: 7000, Platform: "xiaoju", Plate: "沪B12345", Lot: theLot, State: charge.StateHeld,
		Reason: charge.ReasonWaitingForStay, Received: time.Date(2024, 1, 1, 1, 0, 0, 0, time.UTC)}
}

func (f *fake) Charges(_ context.Context, q charge.ChargeFilter) (charge.Page[*charge.Charge], error) {
	f.page = q
	if f.many < 0 || q.Cursor == "more" || q.Order != "" && q.Order != f.charge.Order || q.UUID != "" ||
		q.Reason != "" && f.charge.Reason != q.Reason {
		return charge.Page[*charge.Charge]{Prev: strings.Replace(q.Cursor, "more", "less", 1)}, f.fail
	}
	items := []*charge.Charge{f.charge, bareCharge()}
	for range f.many {
		items = append(items, f.charge)
	}
	return charge.Page[*charge.Charge]{Items: items, Next: "more"}, f.fail
}

func (f *fake) CountCharges(ctx context.Context, q charge.ChargeFilter) (int, bool, error) {
	page, err := f.Charges(ctx, q)
	return len(page.Items), page.Next != "", err
}

func (f *fake) PlatesOf(context.Context, charge.Plate) ([]charge.Plate, error) { return nil, nil }

func (f *fake) FindPlate(ctx context.Context, part string, charges, stays int) (charge.Page[*charge.Charge],
	charge.Page[*charge.Stay], error) {
	found, err := f.Charges(ctx, charge.ChargeFilter{Plate: part, Limit: charges})
	if err != nil {
		return found, charge.Page[*charge.Stay]{}, err
	}
	in, err := f.Stays(ctx, charge.StayFilter{Plate: part, Limit: stays})
	return found, in, err
}

func (f *fake) FindShort(ctx context.Context, part string, _ time.Time, charges,
	stays int) (charge.Page[*charge.Charge], charge.Page[*charge.Stay], error) {
	return f.FindPlate(ctx, part, charges, stays)
}

func (f *fake) NearStays(_ context.Context, charges []*charge.Charge) ([][]*charge.Stay, error) {
	near := make([][]*charge.Stay, len(charges))
	for i, c := range charges {
		if f.near != nil {
			near[i] = []*charge.Stay{f.near}
		} else if f.told.Stay != nil && c.Plate.Near(f.told.Stay.Plate) {
			near[i] = []*charge.Stay{f.told.Stay}
		}
	}
	return near, f.fail
}

func (f *fake) Push(context.Context, int64) (*charge.Push, error) { return f.push, f.fail }

func (f *fake) Pushes(_ context.Context, q charge.PushFilter) (charge.Page[charge.Push], error) {
	if f.many < 0 || q.Order != "" {
		return charge.Page[charge.Push]{}, f.fail
	}
	items := []charge.Push{
		{ID: 31, Platform: "telaidian", Received: now, Remote: "203.0.113.9", Outcome: charge.OutcomeAccepted, Charge: 7001},
		{ID: 30, Platform: "xiaoju", Received: now, Remote: "203.0.113.8", Outcome: charge.OutcomeBadSignature,
			Reason: charge.Notes{charge.Say("push.unsigned", charge.Text("field", "sign"))}},
	}
	if q.Refused {
		items = items[1:]
	}
	return charge.Page[charge.Push]{Items: items}, f.fail
}

func (f *fake) RefusedSince(context.Context, time.Time) ([]charge.RefusedCount, error) {
	if f.many < 0 {
		return nil, f.fail
	}
	counts := []charge.RefusedCount{{Platform: "xiaoju", Outcome: charge.OutcomeBadSignature, Count: 1, First: now,
		Last: now}}
	for i := range f.accounts {
		counts = append(counts, charge.RefusedCount{Platform: "xiaoju", Account: fmt.Sprint("account-", i),
			Outcome: charge.OutcomeStale, Count: 1, First: now, Last: now})
	}
	return counts, f.fail
}

func (f *fake) Stays(_ context.Context, q charge.StayFilter) (charge.Page[*charge.Stay], error) {
	if f.many < 0 || q.Order != "" && q.Order != f.told.Stay.OrderID {
		return charge.Page[*charge.Stay]{}, f.fail
	}
	return charge.Page[*charge.Stay]{Items: []*charge.Stay{f.told.Stay}}, f.fail
}

func (f *fake) Queues(context.Context) ([]charge.WebhookQueue, error) {
	return []charge.WebhookQueue{{Name: "erp", Waiting: 2, GaveUp: 1, Oldest: now.Add(-time.Hour),
		Next: now.Add(time.Minute), Tried: now.Add(-time.Minute),
		Wrong: charge.Say("webhook.status", charge.Count("status", 502))}, {Name: "bi"}}, f.fail
}

func (f *fake) Known(_ context.Context, name string) (bool, error) {
	return name == "erp" || name == "bi", f.fail
}

func (f *fake) Messages(_ context.Context, q charge.WebhookFilter) (charge.Page[charge.WebhookMessage], error) {
	return charge.Page[charge.WebhookMessage]{Items: []charge.WebhookMessage{{ID: 601, Charge: 7001,
		Made: now.Add(-time.Hour), Tries: 9,
		Tried: now.Add(-time.Minute), Next: now.Add(time.Minute), Wrong: charge.Say("outbound.no_answer"),
		Body: `{"id":"601","type":"charge.state","at":"2026-03-01T03:00:00Z","from":"sending","charge":{"id":"7001",` +
			`"platform":"telaidian","account":"teld-main","order":"T-1","plate":"京A***88","lot":"200461/1313",` +
			`"state":"delivered","reason":"ok","started_at":null,"ended_at":null,"received_at":"2026-03-01T02:30:05Z",` +
			`"reduction":null,"usage":null}}`}}}, f.fail
}

func (f *fake) Resend(_ context.Context, name string) (int64, error) {
	f.done = append(f.done, "resend "+name)
	return 3, f.fail
}

func (f *fake) OpenStays(context.Context, []int64) (map[int64]bool, error) {
	if f.told.Stay == nil {
		return nil, f.fail
	}
	return map[int64]bool{f.told.Stay.ID: f.told.Stay.Open}, f.fail
}

func (f *fake) LotStatus(context.Context, charge.LotID) (charge.LotStatus, error) {
	return charge.LotStatus{Lot: theLot, Online: true, Node: "n1", Beat: now.Add(-5 * time.Second), Pending: 2, Minute: 1,
		OldestDue: now.Add(-90 * time.Second)}, f.fail
}

func (f *fake) LotStatuses(ctx context.Context) ([]charge.LotStatus, error) {
	s, err := f.LotStatus(ctx, theLot)
	return []charge.LotStatus{s}, err
}

func (f *fake) Statement(_ context.Context, q charge.StatementFilter) ([]charge.StatementRow, error) {
	f.span = q
	if f.many < 0 {
		return nil, f.fail
	}
	return []charge.StatementRow{{Day: "2026-01-31", Platform: "telaidian", Lot: theLot, Charges: 3, GrantedMinutes: 90,
		GrantedAmount: 1250, Delivered: 3, Used: 2, UsedMinutes: 60, UsedAmount: 1005, Gaps: 1}}, f.fail
}

func (f *fake) StatementView(ctx context.Context, q charge.StatementFilter, most int) (charge.StatementView, error) {
	rows, err := f.Statement(ctx, q)
	v := charge.StatementView{Rows: rows[:min(most, len(rows))]}
	for _, r := range rows {
		r.Platform, r.Lot = "", charge.LotID{}
		v.Days = append(v.Days, r)
	}
	return v, err
}

func (f *fake) Samples(context.Context, time.Time, time.Time, time.Duration) ([]charge.Sample, error) {
	return f.samples, f.fail
}

func (f *fake) Counts(context.Context, time.Time, time.Time) (charge.Counts, error) {
	return charge.Counts{}, f.fail
}

func (f *fake) SpanCounts(context.Context, time.Time, time.Time) (charge.Counts, error) {
	return charge.Counts{}, f.fail
}

func (f *fake) Story(_ context.Context, id int64) (*flow.Story, error) {
	if id != f.charge.ID {
		return nil, flow.ErrNotFound
	}
	s := f.told
	h := charge.History{Charge: s.Charge, Stay: s.Stay, Pushes: s.Pushes, Events: s.Events, Ledger: s.Ledger,
		Attempts: map[int64][]charge.Attempt{}}
	for _, sent := range s.Deliveries {
		h.Deliveries, h.Attempts[sent.Delivery.ID] = append(h.Deliveries, sent.Delivery), sent.Attempts
	}
	return flow.StoryOf(&h), f.fail
}

func (f *fake) Verdict(s *flow.Story) flow.Verdict {
	facts := flow.Facts{Charge: s.Charge, Stay: s.Stay, Lot: charge.Lot{ID: theLot, Kind: charge.KindSDK}, LotKnown: true}
	if n := len(s.Deliveries); n > 0 {
		facts.Delivery = s.Deliveries[n-1].Delivery
	}
	v := flow.VerdictOf(facts)
	v.Driver = flow.DriverOf(facts)
	return v
}

func (f *fake) Judge(_ context.Context, s *flow.Story) (flow.Verdict, error) {
	v := f.Verdict(s)
	for i, choice := range v.Actions {
		if choice.Verb != flow.VerbBind {
			v.Actions[i].Effect = &flow.Effect{Note: charge.Say("effect.void_used",
				charge.Grants("used", charge.Reduction{Method: charge.MethodTime, Minutes: 30})), Allowed: true}
		}
	}
	return v, nil
}

func (f *fake) Resolve(_ context.Context, id int64, lotHas bool, a flow.Action) (flow.Effect, error) {
	return f.effect(fmt.Sprint("resolve ", lotHas), id, a)
}

func (f *fake) Stories(ctx context.Context, ids []int64) ([]*flow.Story, error) {
	stories := make([]*flow.Story, 0, len(ids))
	for _, id := range ids {
		if bare := bareCharge(); id == bare.ID {
			stories = append(stories, &flow.Story{Charge: bare})
			continue
		}
		if at := slices.IndexFunc(f.more, func(c *charge.Charge) bool { return c.ID == id }); at >= 0 {
			stories = append(stories, &flow.Story{Charge: f.more[at], Stay: f.told.Stay})
			continue
		}
		told, err := f.Story(ctx, id)
		if err != nil {
			return nil, err
		}
		stories = append(stories, told)
	}
	return stories, nil
}

func (f *fake) Visit(_ context.Context, id int64) (*charge.Stay, []*charge.Charge, error) {
	if id != f.told.Stay.ID {
		return nil, nil, flow.ErrNotFound
	}
	if f.bareStay {
		return f.told.Stay, nil, f.fail
	}
	return f.told.Stay, append([]*charge.Charge{f.charge}, f.more...), f.fail
}

func (f *fake) effect(verb string, id int64, a flow.Action) (flow.Effect, error) {
	if id != f.charge.ID {
		return flow.Effect{}, flow.ErrNotFound
	}
	if !a.DryRun {
		f.done = append(f.done, verb+" by "+a.Actor+": "+a.Reason)
	}
	return flow.Effect{Note: charge.Say("effect.sends",
		charge.Grants("grant", charge.Reduction{Method: charge.MethodTime, Minutes: 30}), charge.AtLot("lot", theLot)),
		Allowed: true, Done: !a.DryRun, Before: flow.Standing{State: charge.StateRefused, Reason: charge.ReasonLotRefused},
		After: flow.Standing{State: charge.StateSending, Reason: charge.ReasonOK}}, nil
}

func (f *fake) Redeliver(_ context.Context, id int64, a flow.Action) (flow.Effect, error) {
	return f.effect("redeliver", id, a)
}

func (f *fake) Redeliverable(_ context.Context, charges []*charge.Charge) (can []bool, err error) {
	for _, c := range charges {
		effect, err := f.effect("redeliver", c.ID, flow.Action{DryRun: true})
		if err != nil && !errors.Is(err, flow.ErrNotFound) {
			return nil, err
		}
		can = append(can, effect.Allowed)
	}
	return can, nil
}

func (f *fake) Void(_ context.Context, id int64, a flow.Action) (flow.Effect, error) {
	return f.effect("void", id, a)
}

func (f *fake) Bind(_ context.Context, id int64, stay string, a flow.Action) (flow.Effect, error) {
	return f.effect("bind "+stay, id, a)
}

func (f *fake) Replay(_ context.Context, id int64, a flow.Action) (flow.Replayed, error) {
	f.done = append(f.done, "replay")
	if f.unread {
		return flow.Replayed{Outcome: charge.OutcomeBadSignature, Note: charge.Say("replay.refused"),
			Why: charge.Say("push.unsigned", charge.Text("field", "sign"))}, nil
	}
	return flow.Replayed{Outcome: charge.OutcomeDuplicate, Note: charge.Say("replay.known"), Takes: true,
		Read: charge.Notes{charge.Say("read.car", charge.Masked("plate", "京AD06088"))}, Plate: "京AD06088", Charge: 7001,
		Done: !a.DryRun}, nil
}

func (f *fake) Pause(_ context.Context, id charge.LotID, a flow.Action) (flow.Effect, error) {
	if id != theLot {
		return flow.Effect{}, flow.ErrNotFound
	}
	return f.effect("pause", f.charge.ID, a)
}

func (f *fake) Resume(_ context.Context, id charge.LotID, a flow.Action) (flow.Effect, error) {
	return f.effect("resume", f.charge.ID, a)
}

func (f *fake) TryPrice(ctx context.Context, id charge.LotID, order string, plate charge.Plate,
	_ charge.Reduction) (lot.Price, error) {
	return f.Price(ctx, id, order, plate)
}

func (f *fake) Price(context.Context, charge.LotID, string, charge.Plate) (lot.Price, error) {
	return lot.Price{OrderID: "S-9", Total: 1000, Price: 500, DerateMoney: 500, DerateDuration: 30, Duration: 120,
		QueryTime: now}, f.fail
}

func (f *fake) TestPush(_ context.Context, account string, id charge.LotID, _ charge.Plate) (desk.TestPush, error) {
	f.done = append(f.done, "test push "+account+" "+id.String())
	return desk.TestPush{Request: "POST /zld/telaidian", Status: 200, Answer: `{"Ret":0}`, Charge: 7001}, f.fail
}

func (f *fake) State() *estate.State { return f.book.State() }

func (f *fake) Apply(ctx context.Context, doc *estate.Document, actor string, dryRun bool) (estate.Changes, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	if !dryRun {
		f.done = append(f.done, "apply by "+actor)
	}
	return f.book.Apply(ctx, doc, actor, dryRun)
}

func (f *fake) Check(_ context.Context, q desk.Question) (desk.Finding, error) {
	return doctor.Finding{Platform: q.Platform, Outcome: charge.OutcomeBadSignature,
		Steps: []doctor.StepFinding{{Step: platform.StepSeal, Result: doctor.StepFailed, Detail: "sign differs",
			DetailZH: "sign differs"}}}, nil
}

func serve(t *testing.T, f *fake) *Server {
	t.Helper()
	public := "https://push.example"
	if f.hidden {
		public = ""
	}
	s, err := New(Config{Version: "test",
		Desk: desk.Config{Reads: f, Story: f, Estate: f, Guard: f.guard, Doctor: f, Docs: &f.memory, Webhooks: f,
			Bounds: func() charge.Bounds { return charge.Bounds{} },
			Tester: f, Platforms: []platform.Info{{ID: "telaidian", Title: "特来电", English: "TELD", Family: "cec",
				Evidence: platform.EvidenceAssumed,
				LotField: "ParkID", Separators: []string{"&&"}, Issuer: platform.IssuerAccount,
				Keys: []platform.KeyInfo{{Name: "operator_id", Label: "OperatorID"},
					{Name: "sig_secret", Label: "SigSecret", Secret: true}},
				Routes: []platform.Route{{Path: "/zld/telaidian/query_token", Kind: platform.RouteToken}}}},
			Log: f.log, Now: func() time.Time { return now }}, Keys: f.keys, OIDC: f.oidc, Alerts: f.alerts, PublicURL: public,
		LinePort: "6700",
		AdminURL: f.adminURL})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
