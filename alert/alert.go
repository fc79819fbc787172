// Package alert notifies people when the gateway needs them: a lot off line or with a wrong clock, reductions given up,
// deliveries that wait too long, an account whose signatures fail, a disk that fills. It evaluates figures that it is
// given, says each thing once, says when it is over, and sends to webhooks, those of 企业微信, 钉钉 and 飞书 robots
// included.
package alert

import (
	"cmp"
	"fmt"
	"slices"
	"time"
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
	Test          Kind = "test" // somebody pressed the button
)

// Kinds lists what conditions are watched.
var Kinds = []Kind{LotOffLine, GaveUpRate, OldestPending, BadSignatures, DiskLow, LotClock}

// Facts are the figures that conditions are judged by.
type Facts struct {
	Lots       []Lot          // sdk lots that are not off
	Clocks     []Clock        // of lots that are not off and tell their entries
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
	Text     Text          // that in words
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
}

// DefaultLimits are what an operator starts from.
func DefaultLimits() Limits {
	return Limits{Window: 15 * time.Minute, OffLine: 10 * time.Minute, GaveUpPercent: 5, GaveUpLeast: 3,
		Pending: 10 * time.Minute, Signatures: 20, DiskPercent: 10, Clock: 5 * time.Minute}
}

// Alert is one thing that somebody should look at.
type Alert struct {
	Kind   Kind
	Object string // which lot, account or machine; empty where there is only one
	Text   Text
	Path   string // of the console's page about it
}

// Text says one thing in both languages.
type Text struct{ ZH, EN string }

// In returns the text in "en" or else Chinese.
func (t Text) In(lang string) string {
	if lang == "en" {
		return t.EN
	}
	return t.ZH
}

// key distinguishes alerts: one thing is sent once.
func (a Alert) key() string { return string(a.Kind) + " " + a.Object }

// Evaluate returns the alerts that figures call for, ordered by kind and object.
func Evaluate(f Facts, l Limits, now time.Time) []Alert {
	var out []Alert
	for _, lot := range f.Lots {
		if l.OffLine > 0 && !lot.Online && !lot.Beat.IsZero() && now.Sub(lot.Beat) >= l.OffLine {
			age := round(now.Sub(lot.Beat))
			out = append(out, Alert{LotOffLine, lot.ID, Text{
				fmt.Sprintf("车场 %s（%s）已离线 %s，待下发 %d 条", lot.Name, lot.ID, age, lot.Pending),
				fmt.Sprintf("Lot %s (%s) has been off line for %s, %d deliveries wait", lot.Name, lot.ID, age, lot.Pending),
			}, "/lots/" + lot.ID})
		}
	}
	if l.GaveUpPercent > 0 && f.GaveUp >= max(l.GaveUpLeast, 1) && f.GaveUp*100 >= int64(l.GaveUpPercent)*f.Settled {
		out = append(out, Alert{GaveUpRate, "", Text{
			fmt.Sprintf("最近 %s 有 %d 笔减免放弃下发（共 %d 笔）", l.Window, f.GaveUp, f.Settled),
			fmt.Sprintf("%d of %d reductions were given up within %s", f.GaveUp, f.Settled, l.Window),
		}, "/charges?state=gave_up"})
	}
	if l.Pending > 0 && !f.OldestDue.IsZero() && now.Sub(f.OldestDue) >= l.Pending {
		age := round(now.Sub(f.OldestDue))
		out = append(out, Alert{OldestPending, "", Text{
			fmt.Sprintf("最久的待下发减免已等待 %s", age),
			fmt.Sprintf("The oldest pending delivery has waited for %s", age),
		}, "/lots"})
	}
	for account, n := range f.Signatures {
		if l.Signatures > 0 && n >= l.Signatures {
			out = append(out, Alert{BadSignatures, account, Text{
				fmt.Sprintf("平台账号 %s 最近 %s 有 %d 次签名或令牌错误", account, l.Window, n),
				fmt.Sprintf("Account %s had %d bad signatures or tokens within %s", account, n, l.Window),
			}, "/pushes?outcome=refused&account=" + account})
		}
	}
	if l.DiskPercent > 0 && f.DiskTotal > 0 && f.DiskFree < f.DiskTotal/100*int64(l.DiskPercent) {
		free := f.DiskFree / (1 << 20)
		text := Text{fmt.Sprintf("数据盘剩余空间仅 %d MiB", free), fmt.Sprintf("Only %d MiB are free on the data disk", free)}
		if f.Machine != "" {
			text = Text{f.Machine + " 的" + text.ZH, text.EN + " of " + f.Machine}
		}
		out = append(out, Alert{DiskLow, f.Machine, text, "/"})
	}
	for _, c := range f.Clocks {
		if l.Clock > 0 && c.Ahead.Abs() >= l.Clock {
			out = append(out, Alert{LotClock, c.ID, Text{
				fmt.Sprintf("车场 %s（%s）：%s，请校准收费机的时间", c.Name, c.ID, c.Text.ZH),
				fmt.Sprintf("Lot %s (%s): %s; set the machine's time", c.Name, c.ID, c.Text.EN),
			}, "/lots/" + c.ID})
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
