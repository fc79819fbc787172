package desk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Incident is one trouble: what went wrong for one cause in one lot, or with the pushes of one account.
type Incident struct {
	ID      string
	Lot     charge.LotID   // zero for one of pushes
	Account string         // of pushes; the platform where no account was found
	Reason  charge.Reason  // of charges
	Outcome charge.Outcome // of pushes
	Since   time.Time
	Last    time.Time
	Charges []*charge.Charge // newest first; empty for one of pushes
	Pushes  int
	Cars    int
	Inside  int                // cars that have not left: only they can still be helped by the gateway
	AtStake []charge.Reduction // what drivers should have had and have not
	More    bool               // there are more than were looked at
	IncidentNote
}

// IncidentNote is what people have said of an incident.
type IncidentNote struct {
	State    IncidentState `json:"state,omitempty"`
	Owner    string        `json:"owner,omitempty"`
	Note     string        `json:"note,omitempty"`
	Until    time.Time     `json:"until,omitzero"` // of a snooze
	By       string        `json:"by,omitempty"`   // who said so last
	At       time.Time     `json:"at,omitzero"`
	Reopened bool          `json:"-"` // it was resolved, and the same has happened since
}

// IncidentState is how far people have come with an incident.
type IncidentState string

// States of incidents. A snoozed one that has slept enough, and a resolved one that happens again, is open.
const (
	IncidentOpen         IncidentState = "open"
	IncidentAcknowledged IncidentState = "acknowledged"
	IncidentSnoozed      IncidentState = "snoozed"
	IncidentResolved     IncidentState = "resolved"
)

// Waits reports whether somebody should look at it now.
func (i Incident) Waits() bool { return i.State == IncidentOpen || i.State == IncidentAcknowledged }

// What incidents are made of.
const (
	incidentSpan   = 7 * 24 * time.Hour // of charges
	incidentPushes = 24 * time.Hour     // of refused pushes
	incidentMost   = 5000               // charges of each kind that are looked at
	incidentKind   = "incident"         // of their documents
	settling       = 2 * time.Minute    // a delivery that is younger is not trouble yet
)

// Incidents lists the troubles of the last days, those that wait and cars that can still be helped first.
func (d *Desk) Incidents(ctx context.Context) ([]*Incident, error) {
	all, err := d.incidents(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := d.countInside(ctx, all); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b *Incident) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(b.Inside, a.Inside), b.Last.Compare(a.Last),
			cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// WaitingIncidents counts the incidents that somebody should look at now.
func (d *Desk) WaitingIncidents(ctx context.Context) (n int, err error) {
	all, err := d.incidents(ctx, true)
	for _, i := range all {
		if i.Waits() {
			n++
		}
	}
	return n, err
}

// incidents groups the troubles of the last days, of bare charges or of whole ones.
func (d *Desk) incidents(ctx context.Context, bare bool) ([]*Incident, error) {
	groups := map[string]*Incident{}
	done, err := d.Compensated(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.troubledCharges(ctx, groups, done, bare); err != nil {
		return nil, err
	}
	if err := d.refusedPushes(ctx, groups); err != nil {
		return nil, err
	}
	notes, err := readDocs[IncidentNote](ctx, d.cfg.Docs, incidentKind)
	if err != nil {
		return nil, Wrap(err)
	}
	all := make([]*Incident, 0, len(groups))
	for key, i := range groups {
		sum := sha256.Sum256([]byte(key))
		i.ID = hex.EncodeToString(sum[:8])
		i.IncidentNote = notes[i.ID]
		i.settle(d.Now())
		all = append(all, i)
	}
	return all, nil
}

func rankOf(i *Incident) int {
	return slices.Index([]IncidentState{IncidentOpen, IncidentAcknowledged, IncidentSnoozed, IncidentResolved}, i.State)
}

// settle works out how an incident stands now.
func (i *Incident) settle(now time.Time) {
	switch {
	case i.State == "":
		i.State = IncidentOpen
	case i.State == IncidentSnoozed && now.After(i.Until):
		i.State = IncidentOpen
	case i.State == IncidentResolved && i.Last.After(i.At):
		i.State, i.Reopened = IncidentOpen, true
	}
}

// troubledStates are those in which a driver may lack what the rule grants, whatever the reason.
var troubledStates = []charge.State{charge.StateGaveUp, charge.StateRefused, charge.StateUnknown, charge.StateSending,
	charge.StateExpired}

// troubled reports whether a charge is a part of an incident: its driver lacks what the rule grants, or may lack it.
func troubled(c *charge.Charge, now time.Time) bool {
	switch c.State {
	case charge.StateSending:
		return c.Reason != charge.ReasonOK && now.Sub(c.Received) > settling
	case charge.StateNoGrant:
		return c.Reason == charge.ReasonLeftBeforeArrival || c.Reason == charge.ReasonNoStay
	}
	return true
}

func (d *Desk) troubledCharges(ctx context.Context, groups map[string]*Incident, done map[int64]Compensation,
	bare bool) error {
	filters := []charge.ChargeFilter{
		{States: troubledStates}, {Reason: charge.ReasonLeftBeforeArrival}, {Reason: charge.ReasonNoStay},
	}
	seen := map[int64]bool{} // a charge may fit more than one of them
	for _, f := range filters {
		f.From, f.Limit, f.Bare = d.Now().Add(-incidentSpan), 500, bare
		for read := 0; ; {
			page, err := d.cfg.Reads.Charges(ctx, f)
			if err != nil {
				return Wrap(err)
			}
			for _, c := range page.Items {
				if _, paid := done[c.ID]; !paid && !seen[c.ID] && troubled(c, d.Now()) {
					addCharge(groups, c)
				}
				seen[c.ID] = true
			}
			if read += len(page.Items); page.Next == "" {
				break
			} else if read >= incidentMost {
				for _, i := range groups {
					i.More = true
				}
				break
			}
			f.Cursor = page.Next
		}
	}
	return nil
}

func addCharge(groups map[string]*Incident, c *charge.Charge) {
	key := "charge " + c.Lot.String() + " " + string(c.Reason)
	i := groups[key]
	if i == nil {
		i = &Incident{Lot: c.Lot, Reason: c.Reason, Since: c.Received, Last: c.Received}
		groups[key] = i
	}
	i.Charges = append(i.Charges, c)
	i.meet(c.Received)
}

func (i *Incident) meet(at time.Time) {
	if at.Before(i.Since) {
		i.Since = at
	}
	if at.After(i.Last) {
		i.Last = at
	}
}

// countInside adds up cars, those still inside, and what is at stake.
func (d *Desk) countInside(ctx context.Context, all []*Incident) error {
	var stays []int64
	for _, i := range all {
		for _, c := range i.Charges {
			if c.StayID != 0 {
				stays = append(stays, c.StayID)
			}
		}
	}
	open, err := d.cfg.Reads.OpenStays(ctx, stays)
	if err != nil {
		return Wrap(err)
	}
	for _, i := range all {
		cars, inside := map[charge.Plate]bool{}, map[charge.Plate]bool{}
		var stake []charge.Reduction
		for _, c := range i.Charges {
			cars[c.Plate] = true
			if open[c.StayID] {
				inside[c.Plate] = true
			}
			stake = append(stake, stakeOf(c))
		}
		i.Cars, i.Inside, i.AtStake = len(cars), len(inside), flow.Sum(stake)
	}
	return nil
}

// stakeOf is what a charge's driver should have had.
func stakeOf(c *charge.Charge) charge.Reduction {
	switch {
	case c.Reduction != nil:
		return *c.Reduction
	case c.Decision == nil:
		return charge.Reduction{}
	case !c.Decision.Reduction.IsZero():
		return c.Decision.Reduction
	}
	return c.Decision.Wanted
}

func (d *Desk) refusedPushes(ctx context.Context, groups map[string]*Incident) error {
	counts, err := d.cfg.Reads.RefusedSince(ctx, d.Now().Add(-incidentPushes))
	if err != nil {
		return Wrap(err)
	}
	for _, n := range counts {
		who := cmp.Or(n.Account, n.Platform)
		key := "push " + who + " " + string(n.Outcome)
		i := groups[key]
		if i == nil {
			i = &Incident{Account: who, Outcome: n.Outcome, Since: n.First, Last: n.Last}
			groups[key] = i
		}
		i.Pushes += int(n.Count)
		i.meet(n.First)
		i.meet(n.Last)
	}
	return nil
}

// Incident finds one of the incidents of the last days.
func (d *Desk) Incident(ctx context.Context, id string) (*Incident, error) {
	all, err := d.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.ID == id {
			return i, nil
		}
	}
	return nil, Fail(NotFound, "there is no such incident, or it is over")
}

// NoteIncident says something of an incident: fn changes what was said before, or refuses to.
func (d *Desk) NoteIncident(ctx context.Context, who guard.Identity, id, action string,
	fn func(*IncidentNote) error) error {
	if err := allow(who, guard.RoleSupport); err != nil {
		return err
	}
	if _, err := d.Incident(ctx, id); err != nil {
		return err
	}
	var note IncidentNote
	err := changeDocs(ctx, d.cfg.Docs, incidentKind, func(all map[string]IncidentNote) (map[string]*IncidentNote, error) {
		note = all[id]
		if err := fn(&note); err != nil {
			return nil, err
		}
		note.By, note.At = who.ID(), d.Now().UTC()
		return map[string]*IncidentNote{id: &note}, nil
	})
	if err != nil {
		return Wrap(err)
	}
	return d.Record(ctx, who, "incident."+action, id, note.Note)
}

// Compensation is money that a driver was given by hand.
type Compensation struct {
	Charge int64         `json:"charge,string"`
	Amount charge.Fen    `json:"amount"`
	How    string        `json:"how"`
	By     string        `json:"by"`
	At     time.Time     `json:"at"`
	Lot    charge.LotID  `json:"-"`
	Plate  charge.Plate  `json:"-"`
	Reason charge.Reason `json:"-"`
}

const compensationKind = "compensation"

// Compensated lists the charges whose drivers were compensated by hand.
func (d *Desk) Compensated(ctx context.Context) (map[int64]Compensation, error) {
	docs, err := readDocs[Compensation](ctx, d.cfg.Docs, compensationKind)
	if err != nil {
		return nil, Wrap(err)
	}
	list := make(map[int64]Compensation, len(docs))
	for key, c := range docs {
		if id, err := strconv.ParseInt(key, 10, 64); err == nil {
			list[id] = c
		}
	}
	return list, nil
}

// Compensate notes that a driver was given money by hand, once for each charge.
func (d *Desk) Compensate(ctx context.Context, who guard.Identity, id int64, amount charge.Fen, how string) error {
	if err := allow(who, guard.RoleSupport); err != nil {
		return err
	}
	if _, err := d.Story(ctx, id); err != nil {
		return err
	}
	var wrong []FieldError
	if amount <= 0 {
		wrong = append(wrong, FieldError{Where: "body.amount", Detail: "an amount in yuan, such as 5.00",
			Chinese: "金额，例如 5.00"})
	}
	if how == "" {
		wrong = append(wrong, FieldError{Where: "body.how", Detail: "say how it was paid", Chinese: "请填写补偿方式"})
	}
	if len(wrong) > 0 {
		return Fail(Invalid, "the compensation cannot be noted as it is", wrong...)
	}
	key := strconv.FormatInt(id, 10)
	err := changeDocs(ctx, d.cfg.Docs, compensationKind,
		func(all map[string]Compensation) (map[string]*Compensation, error) {
			if noted, found := all[key]; found {
				return nil, conflict("这笔已由 "+noted.By+" 记录过人工补偿 "+noted.Amount.String()+" 元。",
					noted.By+" has noted a compensation of "+noted.Amount.String()+" yuan already")
			}
			return map[string]*Compensation{key: {Charge: id, Amount: amount, How: how, By: who.ID(),
				At: d.Now().UTC()}}, nil
		})
	if err != nil {
		return Wrap(err)
	}
	return d.Record(ctx, who, "charge.compensate", key, amount.String()+" "+how)
}

// Compensations lists what was given by hand in a span of time, oldest first, with the charges it was for.
func (d *Desk) Compensations(ctx context.Context, from, to time.Time) ([]Compensation, error) {
	all, err := d.Compensated(ctx)
	if err != nil {
		return nil, err
	}
	var list []Compensation
	for _, c := range all {
		if c.At.Before(from) || !c.At.Before(to) {
			continue
		}
		if story, err := d.Story(ctx, c.Charge); err == nil {
			c.Lot, c.Plate, c.Reason = story.Charge.Lot, story.Charge.Plate, story.Charge.Reason
		} else if KindOf(err) != NotFound {
			return nil, err
		}
		list = append(list, c)
	}
	slices.SortFunc(list,
		func(a, b Compensation) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Charge, b.Charge)) })
	return list, nil
}

// readDocs reads all documents of a kind; nil docs have none.
func readDocs[T any](ctx context.Context, docs Docs, kind string) (map[string]T, error) {
	if docs == nil {
		return nil, nil
	}
	raw, err := docs.Docs(ctx, kind)
	if err != nil {
		return nil, err
	}
	all := make(map[string]T, len(raw))
	for key, body := range raw {
		var v T
		if err := json.Unmarshal(body, &v); err != nil {
			return nil, err
		}
		all[key] = v
	}
	return all, nil
}

// changeTries bounds how often a change begins again because another one came between.
const changeTries = 5

// changeDoc changes one document of a kind.
func changeDoc[T any](ctx context.Context, docs Docs, kind, key string, fn func(T) T) error {
	return changeDocs(ctx, docs, kind, func(all map[string]T) (map[string]*T, error) {
		changed := fn(all[key])
		return map[string]*T{key: &changed}, nil
	})
}

// changeDocs puts what fn makes of all documents of a kind; nil deletes one. fn may be called more than once.
func changeDocs[T any](ctx context.Context, docs Docs, kind string,
	fn func(all map[string]T) (map[string]*T, error)) error {
	if docs == nil {
		return conflict("本网关不保存备注。", "this gateway keeps no notes")
	}
	for range changeTries {
		rev, err := docs.DocsRev(ctx, kind)
		if err != nil {
			return err
		}
		all, err := readDocs[T](ctx, docs, kind)
		if err != nil {
			return err
		}
		changed, err := fn(all)
		if err != nil || len(changed) == 0 {
			return err
		}
		puts := make(map[string][]byte, len(changed))
		for key, doc := range changed {
			if puts[key] = nil; doc == nil {
				continue
			}
			if puts[key], err = json.Marshal(doc); err != nil {
				return err
			}
		}
		if _, err = docs.PutDocs(ctx, kind, rev, puts); err == nil {
			return nil
		}
		if now, revErr := docs.DocsRev(ctx, kind); revErr != nil || now == rev {
			return err
		}
	}
	return conflict("别人正在修改同一内容，请重试。", "somebody else is changing the same; try again")
}
