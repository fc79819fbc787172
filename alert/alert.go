// Package alert notifies people when the gateway needs them: a lot off line or with a wrong clock, reductions given up,
// deliveries that wait too long, an account whose signatures fail, a webhook that takes nothing, a disk that fills. It
// evaluates figures that it is given, says each thing once, says when it is over, and sends to webhooks, those of
// 企业微信, 钉钉 and 飞书 robots included.
package alert

import (
	"cmp"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// Kind is what an alert is about.
type Kind string

// Kinds of alert.
const (
	LotOffLine    Kind = "lot_off_line"
	GaveUpRate    Kind = "gave_up_rate"
	OldestPending Kind = "oldest_pending"
	BadSignatures Kind = "bad_signatures"
	DiskLow       Kind = "disk_low"
	LotClock      Kind = "lot_clock"
	WebhookFails  Kind = "webhook_fails"
	Test          Kind = "test" // somebody pressed the button
)

// Kinds lists what conditions are watched.
var Kinds = []Kind{LotOffLine, GaveUpRate, OldestPending, BadSignatures, DiskLow, LotClock, WebhookFails}

// Facts are the figures that conditions are judged by.
type Facts struct {
	Lots       []Lot          // sdk lots that are not off
	Clocks     []Clock        // of lots that are not off and tell their entries
	Webhooks   []Webhook      // for which messages wait
	GaveUp     int64          // charges given up within Limits.Window
	Settled    int64          // charges delivered, refused, used or given up within Limits.Window
	OldestDue  time.Time      // since when the oldest pending delivery waits; zero for none
	Signatures map[string]int // bad_signature and bad_token pushes within Limits.Window, by account
	DiskFree   int64          // bytes on the data folder's disk
	DiskTotal  int64          // bytes; 0 where it is not known
	Machine    string         // whose disk that is; empty where there is only one
}

// Lot is a lot that should have a line.
type Lot struct {
	ID      string // "200461/1313"
	Name    string
	Online  bool
	Beat    time.Time // last heartbeat; zero for never, which is no alert: it was never on line
	Pending int
}

// Clock is a lot's clock.
type Clock struct {
	ID, Name string
	Ahead    time.Duration // of ours; negative: behind
	Note     charge.Note   // says it
}

// Webhook is an address that gets a message of each change.
type Webhook struct {
	Name    string
	Waiting int64
	Oldest  time.Time   // since when the oldest message waits
	Wrong   charge.Note // why its last try failed
}

// Limits say from where on a figure is an alert. The zero value of each switches its condition off.
type Limits struct {
	Window        time.Duration // what GaveUp, Settled and Signatures count over
	OffLine       time.Duration // without a heartbeat
	GaveUpPercent int           // of Settled, from GaveUpLeast on
	GaveUpLeast   int64
	Pending       time.Duration // age of the oldest pending delivery
	Signatures    int           // failures of one account
	DiskPercent   int           // free
	Clock         time.Duration // that a lot's clock is off
	Webhook       time.Duration // age of the oldest message that waits for one
}

// DefaultLimits are what an operator starts from.
func DefaultLimits() Limits {
	return Limits{Window: 15 * time.Minute, OffLine: 10 * time.Minute, GaveUpPercent: 5, GaveUpLeast: 3,
		Pending: 10 * time.Minute, Signatures: 20, DiskPercent: 10, Clock: 5 * time.Minute, Webhook: 15 * time.Minute}
}

// Alert is one thing that needs a person.
type Alert struct {
	Kind   Kind
	Object string     // which lot, account or machine; empty where there is only one
	Text   words.Text // what is the matter
	Next   words.Text // what to do about it
	Path   string     // of the console's page about it
}

// about makes an alert of the note that says what is the matter.
func about(k Kind, object, path string, n charge.Note) Alert {
	return Alert{Kind: k, Object: object, Path: path, Text: words.Both(n), Next: words.Both(advice[k])}
}

// advice is what to do about each kind.
var advice = map[Kind]charge.Note{
	LotOffLine:    charge.Say("alert.lot_off_line.next"),
	GaveUpRate:    charge.Say("alert.gave_up_rate.next"),
	OldestPending: charge.Say("alert.oldest_pending.next"),
	BadSignatures: charge.Say("alert.bad_signatures.next"),
	DiskLow:       charge.Say("alert.disk_low.next"),
	LotClock:      charge.Say("alert.lot_clock.next"),
	WebhookFails:  charge.Say("alert.webhook_fails.next"),
}

// key distinguishes alerts: one thing is sent once.
func (a Alert) key() string { return string(a.Kind) + " " + a.Object }

// Evaluate returns the alerts that figures call for, ordered by kind and object.
func Evaluate(f Facts, l Limits, now time.Time) []Alert {
	var out []Alert
	window := charge.Span("window", l.Window)
	for _, lot := range f.Lots {
		if l.OffLine > 0 && !lot.Online && !lot.Beat.IsZero() && now.Sub(lot.Beat) >= l.OffLine {
			out = append(out, about(LotOffLine, lot.ID, "/lots/"+lot.ID,
				charge.Say("alert.lot_off_line", charge.Text("name", lot.Name),
					charge.Text("lot", lot.ID), charge.Span("age", round(now.Sub(lot.Beat))),
					charge.Count("waiting", int64(lot.Pending)))))
		}
	}
	if l.GaveUpPercent > 0 && f.GaveUp >= max(l.GaveUpLeast, 1) && f.GaveUp*100 >= int64(l.GaveUpPercent)*f.Settled {
		out = append(out, about(GaveUpRate, "", "/charges?state=gave_up", charge.Say("alert.gave_up_rate", window,
			charge.Count("n", f.GaveUp), charge.Count("all", f.Settled))))
	}
	if l.Pending > 0 && !f.OldestDue.IsZero() && now.Sub(f.OldestDue) >= l.Pending {
		out = append(out, about(OldestPending, "", "/lots",
			charge.Say("alert.oldest_pending", charge.Span("age", round(now.Sub(f.OldestDue))))))
	}
	for account, n := range f.Signatures {
		if l.Signatures > 0 && n >= l.Signatures {
			out = append(out, about(BadSignatures, account, "/pushes?outcome=refused&account="+account,
				charge.Say("alert.bad_signatures",
					charge.Text("account", account), charge.Count("n", int64(n)), window)))
		}
	}
	if l.DiskPercent > 0 && f.DiskTotal > 0 && f.DiskFree < f.DiskTotal/100*int64(l.DiskPercent) {
		free := charge.Count("free", f.DiskFree/(1<<20))
		low := charge.Say("alert.disk_low", free)
		if f.Machine != "" {
			low = charge.Say("alert.disk_low_of", charge.Text("machine", f.Machine), free)
		}
		out = append(out, about(DiskLow, f.Machine, "/", low))
	}
	for _, c := range f.Clocks {
		if l.Clock > 0 && c.Ahead.Abs() >= l.Clock {
			out = append(out, about(LotClock, c.ID, "/lots/"+c.ID, charge.Say("alert.lot_clock", charge.Text("name", c.Name),
				charge.Text("lot", c.ID), charge.Because("clock", c.Note))))
		}
	}
	for _, w := range f.Webhooks {
		if l.Webhook > 0 && !w.Oldest.IsZero() && now.Sub(w.Oldest) >= l.Webhook {
			out = append(out, about(WebhookFails, w.Name, "/alerts", charge.Say("alert.webhook_fails",
				charge.Text("webhook", w.Name), charge.Count("waiting", w.Waiting),
				charge.Span("age", round(now.Sub(w.Oldest))), charge.Because("wrong", w.Wrong))))
		}
	}
	slices.SortFunc(out, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Object, b.Object))
	})
	return out
}

// round keeps ages readable: whole minutes from a minute on.
func round(d time.Duration) time.Duration {
	if d < time.Minute {
		return d.Round(time.Second)
	}
	return d.Truncate(time.Minute)
}
