package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Share is a link by which somebody without a sign-in looks at one push: a platform's engineer. Its token is kept as a
// hash only.
type Share struct {
	ID      string    `json:"-"` // of the stored link, which is no token
	Push    int64     `json:"push,string"`
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Revoked time.Time `json:"revoked,omitzero"`
	Seen    time.Time `json:"seen,omitzero"` // last
}

// Open reports whether the link works at a time.
func (s Share) Open(now time.Time) bool { return s.Revoked.IsZero() && now.Before(s.Until) }

const (
	shareKind = "share"
	mostShare = 30 * 24 * time.Hour
	seenEvery = time.Minute // a link that is looked at again and again is a line of the audit log so often
)

func shareID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}

// SharePush makes a link to a push that works for so long, 30 days at most, and returns its token, of 130 random bits.
func (d *Desk) SharePush(ctx context.Context, who guard.Identity, id int64, last time.Duration) (token string,
	err error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return "", err
	}
	if last <= 0 || last > mostShare {
		return "", Fail(Invalid, "a link works for 1 to 30 days",
			FieldError{Where: "body.days", Detail: "1 to 30", Chinese: "1 到 30 天"})
	}
	if _, err := d.Push(ctx, who, id); err != nil {
		return "", err
	}
	token = rand.Text()
	err = changeDoc(ctx, d.cfg.Docs, shareKind, shareID(token), func(Share) Share {
		return Share{Push: id, Until: d.Now().Add(last).UTC(), By: who.ID(), At: d.Now().UTC()}
	})
	if err != nil {
		return "", Wrap(err)
	}
	return token, d.Record(ctx, who, "push.share", strconv.FormatInt(id, 10),
		"until "+d.Now().Add(last).UTC().Format(time.RFC3339))
}

// Shares lists the links to a push, the newest first.
func (d *Desk) Shares(ctx context.Context, push int64) ([]Share, error) {
	all, err := readDocs[Share](ctx, d.cfg.Docs, shareKind)
	if err != nil {
		return nil, Wrap(err)
	}
	var list []Share
	for id, s := range all {
		if s.ID = id; s.Push == push {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Share) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// RevokeShare ends a link.
func (d *Desk) RevokeShare(ctx context.Context, who guard.Identity, id string) (push int64, err error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return 0, err
	}
	all, err := readDocs[Share](ctx, d.cfg.Docs, shareKind)
	if err != nil {
		return 0, Wrap(err)
	}
	s, found := all[id]
	if !found {
		return 0, Fail(NotFound, "there is no such link")
	}
	err = changeDoc(ctx, d.cfg.Docs, shareKind, id, func(s Share) Share {
		s.Revoked = d.Now().UTC()
		return s
	})
	if err != nil {
		return 0, Wrap(err)
	}
	return s.Push, d.Record(ctx, who, "push.unshare", strconv.FormatInt(s.Push, 10), "")
}

// SharedPush is what the holder of a link sees: plates masked, no credential, no signature of our keys.
func (d *Desk) SharedPush(ctx context.Context, token, remote string) (*Push, *Finding, Share, error) {
	all, err := readDocs[Share](ctx, d.cfg.Docs, shareKind)
	if err != nil {
		return nil, nil, Share{}, Wrap(err)
	}
	id := shareID(token)
	s, found := all[id]
	if !found || !s.Open(d.Now()) {
		return nil, nil, Share{}, Fail(NotFound, "the link is over")
	}
	viewer := guard.Identity{Name: "link " + id[:8], Role: guard.RoleViewer, Kind: "link"}
	push, err := d.Push(ctx, viewer, s.Push)
	if err != nil {
		return nil, nil, s, err
	}
	if d.Now().Sub(s.Seen) > seenEvery {
		if err := changeDoc(ctx, d.cfg.Docs, shareKind, id,
			func(s Share) Share { s.Seen = d.Now().UTC(); return s }); err != nil {
			return nil, nil, s, Wrap(err)
		}
		if err := d.Record(ctx, viewer, "push.shared_view", strconv.FormatInt(s.Push, 10), "from "+remote); err != nil {
			return nil, nil, s, err
		}
	}
	if push.Charge != 0 || push.Outcome == charge.OutcomeQuestion {
		return push, nil, s, nil
	}
	finding, err := d.cfg.Doctor.Check(ctx, Question{Platform: push.Platform, Push: push.Request, At: push.Received})
	if err != nil {
		d.Failed(ctx, err)
		return push, nil, s, nil
	}
	finding.Answer, finding.Read, finding.Difference = "", nil, nil
	return push, &finding, s, nil
}
