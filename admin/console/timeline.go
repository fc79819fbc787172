package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/words"
)

// chargesOf are the charges of some stories.
func chargesOf(stories []*flow.Story) []*charge.Charge {
	list := make([]*charge.Charge, 0, len(stories))
	for _, s := range stories {
		list = append(list, s.Charge)
	}
	return list
}

// A charge as a page describes it: with its story in words.
type told struct {
	*flow.Story
	flow.Verdict
	Platform string
	Lot      string // its name
	Steps    []step
}

// step is one line of a timeline.
type step struct {
	At     time.Time
	Title  string
	Tone   string
	Badge  string
	Text   string // what happened, in a sentence
	Facts  []fact
	Body   string // as on the wire
	Link   string
	Linked string
	More   []time.Time // when the same happened again
	same   string      // what makes another try the same; empty for what is no try
	n      int         // of a try
}

// fact is a name and a value.
type fact struct{ Name, Value string }

// codes are long numbers and names that people take elsewhere.
var codes = regexp.MustCompile(`^[0-9A-Za-z._:/&-]*[0-9][0-9A-Za-z._:/&-]*$`)

// taken reports whether a value is such a code.
func (f fact) taken() bool { return len(f.Value) >= 12 && codes.MatchString(f.Value) }

// again reports whether a grant counts again that had been taken back.
func again(e charge.LedgerEntry) bool {
	return e.Note.Code == "ledger.late_ack" || e.Note.Code == "ledger.perhaps_applied"
}

// tell puts a story into words, in the order that the story has.
func (c *Console) tell(p *page, s *flow.Story, v flow.Verdict) told {
	t := told{Story: s, Verdict: v, Platform: p.Platform(s.Charge.Platform), Lot: c.lotName(s.Charge.Lot)}
	for _, at := range s.Timeline {
		if step, ok := stepOf(p, s, at); ok {
			t.add(p, step)
		}
	}
	for _, sent := range s.Deliveries {
		switch waits := sent.Delivery.State == charge.DeliveryDue; {
		case len(sent.Attempts) == 0:
			t.Steps = append(t.Steps, waitingStep(p, s.Charge, sent.Delivery))
		case waits && sent.Delivery.DueAt.After(p.Now):
			t.Steps = append(t.Steps, step{At: sent.Delivery.DueAt, Title: p.T("下一次下发", "Next try"), Tone: "wait",
				Text: fmt.Sprintf(p.T("%s后", "in %s"), p.Span(sent.Delivery.DueAt.Sub(p.Now)))})
		}
	}
	if r := s.Charge.Report; r != "" && r != charge.ReportOff {
		t.Steps = append(t.Steps, reportStep(p, s.Charge))
	}
	return t
}

// add appends a step; a try that is the same as the one before it joins that one.
func (t *told) add(p *page, next step) {
	if n := len(t.Steps); n > 0 && next.same != "" && t.Steps[n-1].same == next.same {
		last := &t.Steps[n-1]
		last.More = append(last.More, next.At)
		last.Title = fmt.Sprintf(p.T("下发（第 %d–%d 次）", "Sent (tries %d–%d)"), last.n, next.n)
		return
	}
	t.Steps = append(t.Steps, next)
}

// stepOf words one step. A grant's row in the ledger says nothing that its decision does not.
func stepOf(p *page, s *flow.Story, at flow.Step) (step, bool) {
	switch row := at.Row.(type) {
	case charge.Push:
		return pushStep(p, row), true
	case *charge.Decision:
		return decisionStep(p, s.Charge, row), true
	case flow.Try:
		return attemptStep(p, s.Charge, row), true
	case charge.Event:
		return eventStep(p, row), true
	case *charge.Stay:
		return stayStep(p, row, at.Step == "exit"), true
	case *charge.Usage:
		return usageStep(p, s.Charge), true
	case charge.LedgerEntry:
		return ledgerStep(p, row), row.Minutes < 0 || row.Amount < 0 || again(row)
	}
	return step{}, false
}

// lotName names a lot that is not off.
func (c *Console) lotName(id charge.LotID) string {
	l, _, _ := c.desk.Estate().Lot(id)
	return l.Name
}

// coded begins a step from a code of a closed list.
func coded(p *page, at time.Time, title string, list words.List, code string) step {
	e := p.Word(list, code)
	return step{At: at, Title: title, Tone: tone(list, code), Badge: p.Say(e.Name), Text: p.Say(e.Meaning)}
}

func pushStep(p *page, push charge.Push) step {
	s := coded(p, push.Received, p.T("平台推送", "Push received"), words.PushOutcome, string(push.Outcome))
	s.Facts = append(s.Facts, fact{p.T("来源地址", "from"), push.Remote}, fact{p.T("账号", "account"), push.Account})
	if push.Outcome == charge.OutcomeAccepted || push.Outcome == charge.OutcomeDuplicate {
		s.Facts = append(s.Facts, fact{p.T("签名", "signature"), p.T("与账号密钥相符", "fits the account's keys")})
	}
	if len(push.Reason) > 0 {
		s.Facts = append(s.Facts, fact{p.T("说明", "said"), p.Notes(push.Reason)})
	}
	s.Link, s.Linked = "/pushes/"+ID(push.ID), p.T("原始报文与解码", "raw request and what was read")
	return s
}

func decisionStep(p *page, c *charge.Charge, d *charge.Decision) step {
	s := coded(p, d.At, p.T("按规则判定", "Decided by rule"), words.ChargeReason, string(d.Reason))
	if s.Tone = "good"; d.Reason != charge.ReasonOK {
		s.Tone = tone(words.ChargeState, string(d.State))
	}
	s.Facts = []fact{{p.T("规则版本", "rule version"), strconv.Itoa(d.Rule.Version)},
		{p.T("规则", "rule"), words.Rule(p.Lang, &d.Rule)}}
	s.Facts = append(s.Facts, fact{p.T("充电时长", "charged for"), words.Minutes(p.Lang, d.Minutes)})
	if c.HasEnergy {
		s.Facts = append(s.Facts, fact{p.T("充电量", "energy"), d.Energy.String() + " kWh"})
	}
	if d.StayOrder != "" {
		s.Facts = append(s.Facts, fact{p.T("停车订单", "stay"), d.StayOrder})
	}
	for _, g := range d.Granted {
		s.Facts = append(s.Facts, fact{p.T("此前已减免", "granted before"), p.Reduction(&g.Reduction) + " · " + p.Clock(g.At)})
	}
	s.Facts = append(s.Facts, fact{p.T("应减免", "wanted"), p.Reduction(&d.Wanted)})
	if given := p.T("给予", "granted"); !d.Reduction.IsZero() {
		if d.State != charge.StateSending {
			given = p.T("本应给予（未给）", "would have been granted (it was not)")
		}
		s.Facts = append(s.Facts, fact{given, p.Reduction(&d.Reduction)})
	}
	if !d.Send.IsZero() && d.Send != d.Reduction {
		s.Facts = append(s.Facts, fact{p.T("告知车场（新合计）", "sent to the lot (new total)"), p.Reduction(&d.Send)})
	}
	if text := words.Notes(p.Lang, d.Notes); text != "" {
		s.Facts = append(s.Facts, fact{p.T("计算", "how it came to it"), text})
	}
	return s
}

func deliveryFacts(p *page, d *charge.Delivery) []fact {
	return []fact{{p.T("通道", "channel"), p.Say(p.Word(words.Channel, string(d.Channel)).Name)},
		{p.T("接口", "message"), string(d.Message)}, {"uuid", d.UUID}}
}

func attemptStep(p *page, c *charge.Charge, try flow.Try) step {
	s := coded(p, try.At, fmt.Sprintf(p.T("下发（第 %d 次）", "Sent (try %d)"), try.N), words.AttemptResult, string(try.Result))
	if !try.Detail.IsZero() {
		s.Text = desk.HidePlate(p.Who, p.Note(try.Detail), c.Plate)
	}
	s.n, s.same = try.N, ID(try.Delivery.ID)+" "+string(try.Result)+" "+try.Detail.String()
	if try.N == 1 { // a retry is the same message by the same way
		s.Facts = deliveryFacts(p, try.Delivery)
		s.Body = sentBody(p, try.Delivery)
	}
	return s
}

// sentBody is what a lot is sent, for those who may see plates.
func sentBody(p *page, d *charge.Delivery) string {
	if !p.Support() {
		return ""
	}
	return body(string(d.Payload))
}

// waitingStep is a delivery that has not been tried.
func waitingStep(p *page, c *charge.Charge, d *charge.Delivery) step {
	s := coded(p, d.DueAt, p.T("等待下发", "To be sent"), words.DeliveryState, string(d.State))
	s.Facts = deliveryFacts(p, d)
	s.Body = sentBody(p, d)
	return s
}

func eventStep(p *page, e charge.Event) step {
	titles := map[string]string{
		"matched": p.T("匹配到停车订单", "Matched to a stay"), "corrected": p.T("车场更正车牌", "Plate corrected by the lot"),
		"repeated": p.T("订单再次推送", "Order pushed again"), "redelivered": p.T("人工重新下发", "Redelivered"),
		"voided": p.T("人工作废", "Voided"), "revoked": p.T("收回优惠券", "Coupon taken back"), "bound": p.T("人工绑定", "Bound by hand"),
		"report": p.T("回传平台", "Reported to the platform"),
		"usage":  p.T("用量上报被拒绝", "Usage refused"), "exit": p.T("出场记录", "Exit"), "delivery": p.T("下发", "Delivery"),
		"lot_has":     p.T("与车场核对：有", "Asked the lot: it has it"),
		"lot_has_not": p.T("与车场核对：没有", "Asked the lot: it does not have it"),
	}
	s := step{At: e.At, Title: titles[e.Step], Tone: "calm", Text: p.Note(e.Detail)}
	if s.Title == "" {
		s.Title = e.Step
	}
	if e.Actor != "" {
		s.Facts = append(s.Facts, fact{p.T("操作人", "by"), e.Actor})
	}
	return s
}

func stayStep(p *page, s *charge.Stay, exit bool) step {
	if !exit {
		return step{At: s.Entered, Title: p.T("车辆入场", "Car entered"), Tone: "calm",
			Facts: append([]fact{{p.T("停车订单", "stay"), s.OrderID}, {p.T("车场", "lot"), s.Lot.String()}},
				lotClockFact(p, s.ToldEntered)...)}
	}
	how := map[charge.StayClosed]string{
		charge.ClosedByExit:  p.T("车场上报出场。", "The lot reported the exit."),
		charge.ClosedByEntry: p.T("同一车牌再次入场，旧订单被关闭。", "The plate came in again, which closed this stay."),
		charge.ClosedLate:    p.T("入场记录迟到，已有更新的订单。", "The entry was reported after a newer one."),
		charge.ClosedLone:    p.T("只有出场，没有入场记录。", "The exit came without its entry."),
	}
	return step{At: s.Left, Title: p.T("车辆出场", "Car left"), Tone: "calm", Text: how[s.Closed],
		Facts: lotClockFact(p, s.ToldLeft)}
}

// lotClockFact is the time that a lot reported where its clock was ahead; none where it was not.
func lotClockFact(p *page, at time.Time) []fact {
	if at.IsZero() {
		return nil
	}
	return []fact{{p.T("车场上报的时间", "by the lot's clock"), p.Clock(at)}}
}

func usageStep(p *page, c *charge.Charge) step {
	u := c.Usage
	source := map[charge.UsageSource]string{charge.UsageExit: p.T("出场记录", "the exit"),
		charge.UsageTold: p.T("用量上报", "the usage message"), charge.UsageLedger: p.T("我们的账本", "our own ledger")}
	st := step{At: u.At, Title: p.T("实际减免", "Taken off"), Tone: "good", Badge: usedText(p, u),
		Facts: []fact{{p.T("来源", "from"), source[u.Source]}}}
	if u.Told != "" {
		st.Facts = append(st.Facts, fact{p.T("原值", "as received"), u.Told})
	}
	if c.Gap() {
		st.Tone, st.Text = "bad", p.T("与给予的减免不一致，对账单会标为差异。", "It differs from what was granted; the statement shows a gap.")
	}
	return st
}

// usedText returns a usage in minutes, yuan or both.
func usedText(p *page, u *charge.Usage) string {
	minutes := words.Minutes(p.Lang, u.Minutes)
	switch {
	case u.Minutes > 0 && u.Yuan() > 0:
		return minutes + " · " + p.Yuan(u.Yuan())
	case u.Amount > 0:
		return p.Yuan(u.Amount)
	}
	return minutes
}

// ledgerStep is an entry that corrects another.
func ledgerStep(p *page, e charge.LedgerEntry) step {
	title := p.T("账本：更正给予", "Ledger: grant corrected")
	if e.Kind == charge.EntryUsage {
		title = p.T("账本：更正使用", "Ledger: usage corrected")
	}
	return step{At: e.At, Title: title, Tone: "calm", Text: p.Note(e.Note), Facts: []fact{
		{p.T("数额", "amount"), words.Grants(p.Lang,
			charge.Reduction{Method: e.Method, Minutes: e.Minutes, Amount: e.Amount})}}}
}

func reportStep(p *page, c *charge.Charge) step {
	at := c.UpdatedAt
	if c.Usage != nil && at.Before(c.Usage.At) {
		at = c.Usage.At
	}
	s := coded(p, at, p.T("结果回传", "Report to the platform"), words.ReportState, string(c.Report))
	return s
}

// maxBody bounds what a page shows of one body.
const maxBody = 16 << 10

// body makes a payload readable: indented where it is JSON, never longer than a page can hold.
func body(raw string) string {
	if !utf8.ValidString(raw) {
		raw = strconv.QuoteToASCII(raw)
	}
	var pretty bytes.Buffer
	if strings.HasPrefix(strings.TrimSpace(raw), "{") && json.Indent(&pretty, []byte(raw), "", "  ") == nil {
		raw = pretty.String()
	}
	if len(raw) > maxBody {
		raw = strings.ToValidUTF8(raw[:maxBody], "") + "\n…"
	}
	return raw
}

// foretold is what an action would come to; empty where that is not known yet.
func (p *page) foretold(c flow.Choice) string {
	if c.Effect == nil {
		return ""
	}
	return p.Note(c.Effect.Note)
}
