package store

import (
	"math"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// tables are all tables, in the order they are copied.
var tables = []*table{tablePush, tableRefused, tableRepeat, tableCharge, tableEvent, tableLedger, tableStay,
	tableDelivery,
	tableAttempt, tableJob, tableLotMark, tableNode, tableLine, tableDoc, tableDocRev, tableAudit, tablePlate,
	tableStatementDay, tableStatement, tableChange, tableTotal, tableDecision, tableSample}

// Tables whose rows are read and written column by column, where they are used.
var (
	// refused_count is written by an upsert of its own.
	tableRefused      = define(1, "refused_count", "day platform account", "day:t platform:t account:t n:i")
	tableRepeat       = define(2, "repeat", "platform key issuer", "platform:t key:t issuer:t charge:i gone:t")
	tableNode         = define(11, "node", "name", "name:t number:i beat:i")
	tableDoc          = define(13, "doc", "kind key", "kind:t key:t body:b")
	tableDocRev       = define(14, "doc_rev", "kind", "kind:t rev:i")
	tableAudit        = define(15, "audit", "seq", "seq:i entry:b hash:b")
	tablePlate        = define(16, "plate", "plate", "plate:t rev:t")
	tableStatementDay = define(17, "statement_day", "day", "day:t rev:i summed:i closed:i upto:i")
	tableStatement    = define(18, "statement", "day platform lot", "day:t platform:t lot:t "+columnsOf(sumFields))
	tableChange       = define(19, "statement_change", "id",
		"id:i received:i day:t platform:t lot:t "+columnsOf(sumFields))
	tableTotal = define(20, "statement_total", "day platform vendor", "day:t platform:t vendor:t "+columnsOf(sumFields))
)

// sumFields are what a statement adds up.
var sumFields = []field[charge.StatementRow]{
	whole("charges", func(r *charge.StatementRow) *int64 { return &r.Charges }),
	whole("granted_minutes", func(r *charge.StatementRow) *int64 { return &r.GrantedMinutes }),
	whole("granted_amount", func(r *charge.StatementRow) *charge.Fen { return &r.GrantedAmount }),
	whole("delivered", func(r *charge.StatementRow) *int64 { return &r.Delivered }),
	whole("used", func(r *charge.StatementRow) *int64 { return &r.Used }),
	whole("used_minutes", func(r *charge.StatementRow) *int64 { return &r.UsedMinutes }),
	whole("used_amount", func(r *charge.StatementRow) *charge.Fen { return &r.UsedAmount }),
	whole("gaps", func(r *charge.StatementRow) *int64 { return &r.Gaps }),
}

var tablePush = pushRows.table

var pushRows = nounOf(0, "push", "id",
	whole("id", func(p *charge.Push) *int64 { return &p.ID }),
	word("platform", func(p *charge.Push) *string { return &p.Platform }),
	word("account", func(p *charge.Push) *string { return &p.Account }),
	moment("received", func(p *charge.Push) *time.Time { return &p.Received }),
	word("remote", func(p *charge.Push) *string { return &p.Remote }),
	packedRaw("request", func(p *charge.Push) *[]byte { return &p.Request }),
	word("outcome", func(p *charge.Push) *charge.Outcome { return &p.Outcome }),
	coded("reason", func(p *charge.Push) *charge.Notes { return &p.Reason }, charge.Notes.String, charge.ParseNotes),
	whole("charge", func(p *charge.Push) *int64 { return &p.Charge }),
	packedRaw("reply", func(p *charge.Push) *[]byte { return &p.Reply }),
	word("plate", func(p *charge.Push) *charge.Plate { return &p.Plate }),
	word("order_no", func(p *charge.Push) *string { return &p.Order }),
	lotName("lot", func(p *charge.Push) *charge.LotID { return &p.Lot }),
)

var tableCharge = chargeRows.table

var chargeRows = nounOf(3, "charge", "id",
	whole("id", func(c *charge.Charge) *int64 { return &c.ID }),
	word("platform", func(c *charge.Charge) *string { return &c.Platform }),
	word("account", func(c *charge.Charge) *string { return &c.Account }),
	word("order_no", func(c *charge.Charge) *string { return &c.Order }),
	word("repeat_key", func(c *charge.Charge) *string { return &c.RepeatKey }),
	word("plate", func(c *charge.Charge) *charge.Plate { return &c.Plate }),
	lotName("lot", func(c *charge.Charge) *charge.LotID { return &c.Lot }),
	moment("started", func(c *charge.Charge) *time.Time { return &c.StartedAt }),
	moment("ended", func(c *charge.Charge) *time.Time { return &c.EndedAt }),
	moment("received", func(c *charge.Charge) *time.Time { return &c.Received }),
	optional("energy", func(c *charge.Charge) (*charge.Energy, *bool) { return &c.Energy, &c.HasEnergy }),
	optional("total", func(c *charge.Charge) (*charge.Fen, *bool) { return &c.Total, &c.HasTotal }),
	inJSON("ask", func(c *charge.Charge) *charge.Ask { return &c.Ask }).packs(),
	inJSON("detail", func(c *charge.Charge) *charge.Detail { return &c.Detail }).packs(),
	word("digest", func(c *charge.Charge) *string { return &c.Digest }).packs(),
	word("state", func(c *charge.Charge) *charge.State { return &c.State }),
	word("reason", func(c *charge.Charge) *charge.Reason { return &c.Reason }),
	maybeJSON("reduction", func(c *charge.Charge) **charge.Reduction { return &c.Reduction }).packs(),
	whole("stay", func(c *charge.Charge) *int64 { return &c.StayID }),
	moment("hold_until", func(c *charge.Charge) *time.Time { return &c.HoldUntil }),
	maybeJSON("decision", func(c *charge.Charge) **charge.Decision { return &c.Decision }).packs(),
	maybeJSON("usage", func(c *charge.Charge) **charge.Usage { return &c.Usage }),
	word("report", func(c *charge.Charge) *charge.ReportState { return &c.Report }),
	moment("updated", func(c *charge.Charge) *time.Time { return &c.UpdatedAt }),
	derived("gap", func(c *charge.Charge) int64 { return number(c.Gap()) }),
	coded("names", func(c *charge.Charge) *charge.Names { return &c.Names }, names, namesIn),
)

func scanCharge(c *cells) (*charge.Charge, error) { return chargeRows.scan(c) }

// hung is a row that hangs on a charge and has no number of its own: the store numbers them in their order.
type hung[T any] struct {
	charge, id int64
	of         T
}

var tableEvent = eventRows.table

var eventRows = nounOf(4, "event", "charge id",
	whole("charge", func(e *hung[charge.Event]) *int64 { return &e.of.Charge }),
	whole("id", func(e *hung[charge.Event]) *int64 { return &e.id }),
	moment("at", func(e *hung[charge.Event]) *time.Time { return &e.of.At }),
	word("step", func(e *hung[charge.Event]) *string { return &e.of.Step }),
	word("result", func(e *hung[charge.Event]) *string { return &e.of.Result }),
	word("reason", func(e *hung[charge.Event]) *charge.Reason { return &e.of.Reason }),
	note("detail", func(e *hung[charge.Event]) *charge.Note { return &e.of.Detail }),
	word("actor", func(e *hung[charge.Event]) *string { return &e.of.Actor }),
)

var tableDecision = decisionRows.table

var decisionRows = nounOf(21, "decision", "charge id",
	whole("charge", func(d *hung[charge.Decision]) *int64 { return &d.charge }),
	whole("id", func(d *hung[charge.Decision]) *int64 { return &d.id }),
	inJSON("body", func(d *hung[charge.Decision]) *charge.Decision { return &d.of }).packs(),
)

var tableLedger = ledgerRows.table

var ledgerRows = nounOf(5, "ledger", "charge id",
	whole("charge", func(e *charge.LedgerEntry) *int64 { return &e.Charge }),
	whole("id", func(e *charge.LedgerEntry) *int64 { return &e.ID }),
	moment("at", func(e *charge.LedgerEntry) *time.Time { return &e.At }),
	whole("stay", func(e *charge.LedgerEntry) *int64 { return &e.StayID }),
	word("kind", func(e *charge.LedgerEntry) *charge.EntryKind { return &e.Kind }),
	word("method", func(e *charge.LedgerEntry) *charge.Method { return &e.Method }),
	whole("minutes", func(e *charge.LedgerEntry) *int64 { return &e.Minutes }),
	whole("amount", func(e *charge.LedgerEntry) *charge.Fen { return &e.Amount }),
	word("platform", func(e *charge.LedgerEntry) *string { return &e.Platform }),
	lotName("lot", func(e *charge.LedgerEntry) *charge.LotID { return &e.Lot }),
	word("day", func(e *charge.LedgerEntry) *string { return &e.Day }),
	coded("note", func(e *charge.LedgerEntry) *charge.Note { return &e.Note }, charge.Note.String, ledgerNote),
)

var tableStay = stayRows.table

var stayRows = nounOf(6, "stay", "id",
	whole("id", func(s *charge.Stay) *int64 { return &s.ID }),
	lotName("lot", func(s *charge.Stay) *charge.LotID { return &s.Lot }),
	word("order_id", func(s *charge.Stay) *string { return &s.OrderID }),
	word("plate", func(s *charge.Stay) *charge.Plate { return &s.Plate }),
	moment("entered", func(s *charge.Stay) *time.Time { return &s.Entered }),
	moment("left_at", func(s *charge.Stay) *time.Time { return &s.Left }),
	derived("ends", stayEnds),
	flag("open", func(s *charge.Stay) *bool { return &s.Open }),
	word("closed", func(s *charge.Stay) *charge.StayClosed { return &s.Closed }),
	word("channel", func(s *charge.Stay) *string { return &s.Channel }),
	whole("paid", func(s *charge.Stay) *charge.Fen { return &s.Paid }),
	moment("paid_at", func(s *charge.Stay) *time.Time { return &s.PaidAt }),
	raw("settlement", func(s *charge.Stay) *[]byte { return &s.Settlement }),
	moment("told_entered", func(s *charge.Stay) *time.Time { return &s.ToldEntered }),
	moment("told_left", func(s *charge.Stay) *time.Time { return &s.ToldLeft }),
	coded("names", func(s *charge.Stay) *charge.Names { return &s.Names }, names, namesIn),
)

// stayEnds is when a stay is over: never while it is open, at its entry where its end was not reported.
func stayEnds(s *charge.Stay) int64 {
	switch {
	case s.Open:
		return math.MaxInt64
	case s.Left.IsZero():
		return millis(s.Entered)
	}
	return millis(s.Left)
}

var tableDelivery = deliveryRows.table

var deliveryRows = nounOf(7, "delivery", "id",
	whole("id", func(d *charge.Delivery) *int64 { return &d.ID }),
	whole("charge", func(d *charge.Delivery) *int64 { return &d.Charge }),
	lotName("lot", func(d *charge.Delivery) *charge.LotID { return &d.Lot }),
	word("channel", func(d *charge.Delivery) *charge.DeliveryChannel { return &d.Channel }),
	word("message", func(d *charge.Delivery) *charge.Message { return &d.Message }),
	word("uuid", func(d *charge.Delivery) *string { return &d.UUID }),
	packedRaw("payload", func(d *charge.Delivery) *[]byte { return &d.Payload }),
	word("state", func(d *charge.Delivery) *charge.DeliveryState { return &d.State }),
	whole("attempts", func(d *charge.Delivery) *int { return &d.Attempts }),
	moment("due", func(d *charge.Delivery) *time.Time { return &d.DueAt }),
	moment("until_at", func(d *charge.Delivery) *time.Time { return &d.Until }),
	moment("first_at", func(d *charge.Delivery) *time.Time { return &d.First.At }),
	word("first_result", func(d *charge.Delivery) *charge.AttemptResult { return &d.First.Result }),
	note("first_detail", func(d *charge.Delivery) *charge.Note { return &d.First.Detail }),
)

var tableAttempt = attemptRows.table

var attemptRows = nounOf(8, "attempt", "delivery n",
	whole("delivery", func(a *charge.Attempt) *int64 { return &a.Delivery }),
	whole("n", func(a *charge.Attempt) *int { return &a.N }),
	moment("at", func(a *charge.Attempt) *time.Time { return &a.At }),
	word("result", func(a *charge.Attempt) *charge.AttemptResult { return &a.Result }),
	note("detail", func(a *charge.Attempt) *charge.Note { return &a.Detail }),
)

var tableJob = jobRows.table

var jobRows = nounOf(9, "job", "id",
	whole("id", func(j *outbox.Job) *int64 { return &j.ID }),
	word("kind", func(j *outbox.Job) *outbox.Kind { return &j.Kind }),
	word("route", func(j *outbox.Job) *string { return &j.Route }),
	whole("ref", func(j *outbox.Job) *int64 { return &j.Ref }),
	moment("due", func(j *outbox.Job) *time.Time { return &j.DueAt }),
	derived("ready", jobReady),
	whole("attempt", func(j *outbox.Job) *int { return &j.Attempt }),
	word("lease", func(j *outbox.Job) *string { return &j.Lease }),
	moment("lease_until", func(j *outbox.Job) *time.Time { return &j.LeaseUntil }),
	whole("fence", func(j *outbox.Job) *int64 { return &j.Fence }),
	word("body", func(j *outbox.Job) *string { return &j.Body }),
	moment("tried", func(j *outbox.Job) *time.Time { return &j.Tried }),
	word("wrong", func(j *outbox.Job) *string { return &j.Wrong }),
	moment("gave_up", func(j *outbox.Job) *time.Time { return &j.GaveUp }),
)

// jobReady is when a job may be claimed.
func jobReady(j *outbox.Job) int64 {
	if j.Lease == "" {
		return millis(j.DueAt)
	}
	return max(millis(j.DueAt), millis(j.LeaseUntil))
}

// lotMark is a lot with its marks and the last login of it that was refused.
type lotMark struct {
	lot     charge.LotID
	marks   charge.LotMarks
	refused charge.RefusedLogin
}

var tableLotMark = markRows.table

var markRows = nounOf(10, "lot_mark", "lot",
	lotName("lot", func(m *lotMark) *charge.LotID { return &m.lot }),
	flag("told_stays", func(m *lotMark) *bool { return &m.marks.ToldStays }),
	flag("paused", func(m *lotMark) *bool { return &m.marks.Paused }),
	word("pause_reason", func(m *lotMark) *string { return &m.marks.PauseReason }),
	span("clock", func(m *lotMark) *time.Duration { return &m.marks.Clock }),
	moment("refused_at", func(m *lotMark) *time.Time { return &m.refused.At }),
	word("refused_why", func(m *lotMark) *string { return &m.refused.Reason }),
	word("refused_from", func(m *lotMark) *string { return &m.refused.Remote }),
	word("refused_pc", func(m *lotMark) *string { return &m.refused.LocalID }),
)

var tableLine = lineRows.table

var lineRows = nounOf(12, "line_session", "lot local_id link",
	lotName("lot", func(l *charge.LineSession) *charge.LotID { return &l.Lot }),
	word("local_id", func(l *charge.LineSession) *string { return &l.LocalID }),
	word("link", func(l *charge.LineSession) *charge.Link { return &l.Link }),
	word("node", func(l *charge.LineSession) *string { return &l.Node }),
	whole("epoch", func(l *charge.LineSession) *int64 { return &l.Epoch }),
	word("remote", func(l *charge.LineSession) *string { return &l.Remote }),
	flag("receive_cloud", func(l *charge.LineSession) *bool { return &l.ReceiveCloud }),
	flag("silent", func(l *charge.LineSession) *bool { return &l.Silent }),
	moment("since", func(l *charge.LineSession) *time.Time { return &l.Since }),
	moment("beat", func(l *charge.LineSession) *time.Time { return &l.Beat }),
)

// nodeSample is a sample with the node that took it.
type nodeSample struct {
	charge.Sample
	node string
}

var tableSample = sampleRows.table

var sampleRows = nounOf(22, "sample", "at node",
	moment("at", func(s *nodeSample) *time.Time { return &s.At }),
	word("node", func(s *nodeSample) *string { return &s.node }),
	whole("pending", func(s *nodeSample) *int64 { return &s.Pending }),
	whole("answer_p99", func(s *nodeSample) *time.Duration { return &s.Answer }), // in nanoseconds
	whole("lot_p99", func(s *nodeSample) *time.Duration { return &s.ToLot }),
)
