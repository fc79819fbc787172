package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Share is a link by which somebody without a sign-in, a platform's engineer, looks at one thing. Its token is kept as
// a hash only.
type Share struct {
	ID string `json:"-"` // of the stored link, which is no token
	SharedThing
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Revoked time.Time `json:"revoked,omitzero"`
	Seen    time.Time `json:"seen,omitzero"` // last
}

// SharedThing is what a link shows: one push, or what becomes of the pushes of one binding.
type SharedThing struct {
	Push    int64        `json:"push,string,omitempty"`
	Account string       `json:"account,omitempty"` // of a binding
	Lot     charge.LotID `json:"lot,omitzero"`      // of a binding
}

// area and object are a thing's names in the audit log.
func (t SharedThing) area() (area, object string) {
	if t.Push != 0 {
		return "push", strconv.FormatInt(t.Push, 10)
	}
	return "binding", t.Account + "@" + t.Lot.String()
}

// Open reports whether the link works at a time.
func (s Share) Open(now time.Time) bool { return s.Revoked.IsZero() && now.Before(s.Until) }

const (
	shareKind   = "share"
	mostShare   = 30 * 24 * time.Hour
	seenEvery   = time.Minute // a link that is looked at again and again is a line of the audit log so often
	sharedSpan  = 7 * 24 * time.Hour
	sharedMost  = 10  // refused pushes that the link of a binding shows
	sharedAmong = 200 // of the account's newest
)

func shareID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// Share makes a link to a thing that works for so long, 30 days at most, and returns its token, of 130 random bits.
func (d *Desk) Share(ctx context.Context, who guard.Identity, thing SharedThing, last time.Duration) (token string,
	err error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return "", err
	}
	if last <= 0 || last > mostShare {
		return "", Fail(Invalid, "a link works for 1 to 30 days",
			FieldError{Where: "body.days", Detail: "1 to 30", Chinese: "1 到 30 天"})
	}
	if thing.Push != 0 {
		if _, err := d.Push(ctx, who, thing.Push); err != nil {
			return "", err
		}
	} else if _, found := d.cfg.Estate.State().Binding(thing.Account, thing.Lot); !found {
		return "", Fail(NotFound, "there is no such binding")
	}
	token = rand.Text()
	err = changeDocs(ctx, d.cfg.Docs, shareKind, func(all map[string]Share) (map[string]*Share, error) {
		puts := map[string]*Share{shareID(token): {SharedThing: thing, Until: d.Now().Add(last).UTC(), By: who.ID(),
			At: d.Now().UTC()}}
		for id, old := range all {
			if d.Now().Sub(old.Until) > mostShare { // over for so long that no page lists it
				puts[id] = nil
			}
		}
		return puts, nil
	})
	if err != nil {
		return "", Wrap(err)
	}
	area, object := thing.area()
	return token, d.RecordNotes(ctx, who, area+".share", object,
		charge.Say("share.until", charge.Text("at", d.Now().Add(last).UTC().Format(time.RFC3339))))
}

// Shares lists the links to a thing, the newest first.
func (d *Desk) Shares(ctx context.Context, thing SharedThing) ([]Share, error) {
	all, err := readDocs[Share](ctx, d.cfg.Docs, shareKind)
	if err != nil {
		return nil, Wrap(err)
	}
	var list []Share
	for id, s := range all {
		if s.ID = id; s.SharedThing == thing {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Share) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// share reads one link. Strangers ask for what there is not: it costs one look.
func (d *Desk) share(ctx context.Context, id string) (s Share, err error) {
	if d.cfg.Docs == nil {
		return s, Fail(NotFound, "there is no such link")
	}
	body, err := d.cfg.Docs.Doc(ctx, shareKind, id)
	switch {
	case err != nil:
		return s, Wrap(err)
	case body == nil:
		return s, Fail(NotFound, "there is no such link")
	}
	return s, Wrap(json.Unmarshal(body, &s))
}

// RevokeShare ends a link, and returns what it showed.
func (d *Desk) RevokeShare(ctx context.Context, who guard.Identity, id string) (SharedThing, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return SharedThing{}, err
	}
	s, err := d.share(ctx, id)
	if err != nil {
		return SharedThing{}, err
	}
	err = changeDoc(ctx, d.cfg.Docs, shareKind, id, func(s Share) Share {
		s.Revoked = d.Now().UTC()
		return s
	})
	if err != nil {
		return SharedThing{}, Wrap(err)
	}
	area, object := s.area()
	return s.SharedThing, d.Record(ctx, who, area+".unshare", object, "")
}

// Shared is what the holder of a link sees: plates masked, no credential, no signature of our keys.
type Shared struct {
	Share
	Push     *Push     // nil for a binding
	Finding  *Finding  // of the push; nil where it was taken
	Accepted time.Time // of a binding: when its newest charge came; zero for none in the last days
	Refused  []SharedPush
}

// SharedPush is a refused push of a binding with what the doctor finds.
type SharedPush struct {
	charge.Push
	Finding *Finding // nil where it could not be examined
}

// Shared looks up what a link shows; each look is a line of the audit log, one a minute at most.
func (d *Desk) Shared(ctx context.Context, token, remote string) (*Shared, error) {
	id := shareID(token)
	s, err := d.share(ctx, id)
	if err != nil {
		return nil, err
	}
	if !s.Open(d.Now()) {
		return nil, Fail(NotFound, "the link is over")
	}
	viewer := guard.Identity{Name: "link " + id[:8], Role: guard.RoleViewer, Kind: "link"}
	v := &Shared{Share: s}
	if s.Push != 0 {
		err = d.sharedPush(ctx, viewer, v)
	} else {
		err = d.sharedBinding(ctx, viewer, v)
	}
	if err != nil || d.Now().Sub(s.Seen) <= seenEvery {
		return v, err
	}
	err = changeDoc(ctx, d.cfg.Docs, shareKind, id, func(s Share) Share { s.Seen = d.Now().UTC(); return s })
	if err != nil {
		return nil, Wrap(err)
	}
	area, object := s.area()
	return v, d.RecordNotes(ctx, viewer, area+".shared_view", object,
		charge.Say("signin.from", charge.Text("remote", remote)))
}

func (d *Desk) sharedPush(ctx context.Context, viewer guard.Identity, v *Shared) (err error) {
	if v.Push, err = d.Push(ctx, viewer, v.SharedThing.Push); err != nil {
		return err
	}
	if v.Push.Charge == 0 && v.Push.Outcome != charge.OutcomeQuestion {
		v.Finding = d.sharedFinding(ctx, &v.Push.Push)
	}
	return nil
}

// sharedBinding lists the newest refused pushes of a binding's account, as far as they were for its lot or do not say.
func (d *Desk) sharedBinding(ctx context.Context, viewer guard.Identity, v *Shared) error {
	account, known := d.account(v.Account)
	if _, bound := d.cfg.Estate.State().Binding(v.Account, v.Lot); !known || !bound {
		return Fail(NotFound, "the binding is gone")
	}
	since := d.Now().Add(-sharedSpan)
	var err error
	if v.Accepted, err = d.LastCharge(ctx, viewer, account, v.Lot, since); err != nil {
		return err
	}
	page, err := d.Pushes(ctx, charge.PushFilter{Platform: account.Platform, Account: v.Account, Refused: true,
		From: since, Bodies: true, Limit: sharedAmong})
	if err != nil {
		return err
	}
	for _, p := range page.Items {
		if len(v.Refused) < sharedMost && (p.Lot.IsZero() || p.Lot == v.Lot) {
			v.Refused = append(v.Refused, SharedPush{p, d.sharedFinding(ctx, &p)})
		}
	}
	return nil
}

// sharedFinding examines a push for strangers; what only our keys can say is left out. nil where it cannot be examined:
// the doctor does not judge from where a push came.
func (d *Desk) sharedFinding(ctx context.Context, p *charge.Push) *Finding {
	if p.Outcome == charge.OutcomeWrongLock {
		return nil
	}
	finding, err := d.cfg.Doctor.Check(ctx, Question{Platform: p.Platform, Push: p.Request, At: p.Received})
	if err != nil {
		d.Failed(ctx, err)
		return nil
	}
	finding.Answer, finding.Read, finding.Difference = "", nil, nil
	return &finding
}
