package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/words"
)

// told is one charge with its story in the words of a page.
type told struct {
	*flow.Story
	Platform string
	Lot      string // its name
	Steps    []step
	MayAct   map[string]bool // verbs that make sense now
}

// step is one line of a timeline.
type step struct {
	At     time.Time
	Title  string
	Tone   string
	Badge  string
	Text   string // what happened, in a sentence
	Next   string // what to do; empty where nothing is
	Facts  []fact
	Body   string // as on the wire
	Link   string
	Linked string
	rank   int // orders what happens within a second: lots tell whole seconds
}

// Ranks of steps within a second.
const (
	rankEntry = iota
	rankPush
	rankDecision
	rankGrant
	rankSend
	rankEvent
	rankExit
	rankUsage
	rankLedger
	rankReport
)

// fact is a name and a value.
type fact struct{ Name, Value string }

// tell puts a story into words.
func (c *Console) tell(p *page, s *flow.Story) told {
	t := told{Story: s, Platform: p.Platform(s.Charge.Platform), Lot: c.lotName(s.Charge.Lot), MayAct: map[string]bool{}}
	for _, push := range s.Pushes {
		t.Steps = append(t.Steps, pushStep(p, push))
	}
	if s.Charge.Decision != nil {
		t.Steps = append(t.Steps, decisionStep(p, s.Charge.Decision))
	}
	for _, sent := range s.Deliveries {
		for i, a := range sent.Attempts {
			st := attemptStep(p, s.Charge, sent.Delivery, a)
			if i > 0 { // a retry is the same message by the same way
				st.Facts, st.Body = st.Facts[len(deliveryFacts(p, sent.Delivery)):], ""
			}
			if i < len(sent.Attempts)-1 {
				st.Next = "" // it has been tried again
			}
			t.Steps = append(t.Steps, st)
		}
		if len(sent.Attempts) == 0 {
			t.Steps = append(t.Steps, waitingStep(p, s.Charge, sent.Delivery))
		}
	}
	for _, e := range s.Events {
		t.Steps = append(t.Steps, eventStep(p, e))
	}
	t.Steps = append(t.Steps, staySteps(p, s)...)
	for _, e := range s.Ledger {
		t.Steps = append(t.Steps, ledgerStep(p, e))
	}
	if r := s.Charge.Report; r != "" && r != charge.ReportOff {
		t.Steps = append(t.Steps, reportStep(p, s.Charge))
	}
	slices.SortStableFunc(t.Steps, func(a, b step) int {
		return cmp.Or(a.At.Truncate(time.Second).Compare(b.At.Truncate(time.Second)), cmp.Compare(a.rank, b.rank), a.At.Compare(b.At))
	})
	switch s.Charge.State {
	case charge.StateHeld, charge.StateExpired:
		t.MayAct["bind"], t.MayAct["void"] = true, true
	case charge.StateNoGrant:
		t.MayAct["bind"], t.MayAct["redeliver"] = true, true
	case charge.StateSending, charge.StateUnknown, charge.StateGaveUp, charge.StateRefused:
		t.MayAct["redeliver"], t.MayAct["void"] = true, true
	case charge.StateDelivered, charge.StateUsed:
		t.MayAct["void"] = true
	}
	return t
}

// lotName names a lot that is not off.
func (c *Console) lotName(id charge.LotID) string {
	l, _, _ := c.desk.Estate().Lot(id)
	return l.Name
}

// coded begins a step from a code of a closed list.
func coded(p *page, at time.Time, title string, list words.List, code string) step {
	e := p.Word(list, code)
	s := step{At: at, Title: title, Tone: tone(list, code), Badge: p.Say(e.Name), Text: p.Say(e.Meaning)}
	if e.Next != words.Nothing() {
		s.Next = p.Say(e.Next)
	}
	return s
}

func pushStep(p *page, push charge.Push) step {
	s := coded(p, push.Received, p.T("平台推送", "Push received"), words.PushOutcome, string(push.Outcome))
	s.Facts = append(s.Facts, fact{p.T("来源地址", "from"), push.Remote}, fact{p.T("账号", "account"), push.Account})
	if push.Outcome == charge.OutcomeAccepted || push.Outcome == charge.OutcomeDuplicate {
		s.Facts = append(s.Facts, fact{p.T("签名", "signature"), p.T("与账号密钥相符", "fits the account's keys")})
	}
	if push.Reason != "" {
		s.Facts = append(s.Facts, fact{p.T("说明", "said"), p.Say(words.Sentence(push.Reason))})
	}
	s.rank = rankPush
	s.Link, s.Linked = "/pushes/"+ID(push.ID), p.T("原始报文与解码", "raw request and what was read")
	return s
}

func decisionStep(p *page, d *charge.Decision) step {
	s := coded(p, d.At, p.T("按规则判定", "Decided by rule"), words.ChargeReason, string(d.Reason))
	s.rank = rankDecision
	if s.Tone = "good"; d.Reason != charge.ReasonOK {
		s.Tone = tone(words.ChargeState, string(d.State))
	}
	s.Facts = ruleFacts(p, d.Rule)
	s.Facts = append(s.Facts,
		fact{p.T("充电时长", "charged for"), fmt.Sprintf(p.T("%d 分钟", "%d min"), d.Minutes)},
		fact{p.T("充电量", "energy"), d.Energy.String() + " kWh"})
	if d.StayOrder != "" {
		s.Facts = append(s.Facts, fact{p.T("停车订单", "stay"), d.StayOrder})
	}
	for _, g := range d.Granted {
		s.Facts = append(s.Facts, fact{p.T("此前已减免", "granted before"), p.Reduction(&g.Reduction) + " · " + p.Clock(g.At)})
	}
	s.Facts = append(s.Facts, fact{p.T("应减免", "wanted"), p.Reduction(&d.Wanted)}, fact{p.T("实际给予", "granted"), p.Reduction(&d.Reduction)})
	if !d.Send.IsZero() && d.Send != d.Reduction {
		s.Facts = append(s.Facts, fact{p.T("告知车场（新合计）", "told to the lot (new total)"), p.Reduction(&d.Send)})
	}
	if text := words.Notes(p.Lang, d.Notes); text != "" {
		s.Facts = append(s.Facts, fact{p.T("计算", "how it came to it"), text})
	}
	return s
}

// ruleFacts tells a rule line by line, leaving out what it does not say.
func ruleFacts(p *page, r charge.Rule) []fact {
	facts := []fact{{p.T("规则版本", "rule version"), strconv.Itoa(r.Version)}, {p.T("减免方式", "grant"), grantText(p, r)}}
	add := func(zh, en, value string, there bool) {
		if there {
			facts = append(facts, fact{p.T(zh, en), value})
		}
	}
	minutes := func(n int64) string { return fmt.Sprintf(p.T("%d 分钟", "%d min"), n) }
	add("最短充电", "shortest charge", minutes(r.MinChargeMinutes), r.MinChargeMinutes > 0)
	add("最少电量", "least energy", r.MinEnergy.String()+" kWh", r.MinEnergy > 0)
	add("时长上限", "cap", minutes(r.CapMinutes), r.CapMinutes > 0)
	add("金额上限", "cap", p.Yuan(r.CapAmount), r.CapAmount > 0)
	combine := map[charge.Combine]string{charge.CombineBest: p.T("取最优一笔", "best single one"),
		charge.CombineSum: p.T("累加", "added up"), charge.CombineFirst: p.T("只取第一笔", "first one only")}
	add("多次充电", "several charges", combine[r.Combine], r.Combine != "")
	add("等待入场", "waits for a stay", p.Span(time.Duration(r.HoldSeconds)*time.Second), r.HoldSeconds > 0)
	target := map[charge.Target]string{charge.TargetOuter: p.T("外场订单", "the outer stay"), charge.TargetAtCharge: p.T("充电时所在订单", "the stay at charging")}
	add("减免对象", "target", target[r.Target], target[r.Target] != "")
	add("生效时间", "effective from", p.Clock(r.Effective), !r.Effective.IsZero())
	return facts
}

func grantText(p *page, r charge.Rule) string {
	switch r.Grant {
	case charge.GrantAsPushed:
		return p.T("按推送内容", "as pushed")
	case charge.GrantFixed:
		return p.T("固定 ", "fixed ") + p.Reduction(&r.Fixed)
	case charge.GrantChargeTime:
		return fmt.Sprintf(p.T("充电时长 + %d 分钟", "charging time + %d min"), r.PlusMinutes)
	case charge.GrantLotDecides:
		return p.T("由车场决定", "the lot decides")
	}
	return string(r.Grant)
}

func deliveryFacts(p *page, d *charge.Delivery) []fact {
	return []fact{{p.T("通道", "channel"), p.Say(p.Word(words.Channel, string(d.Channel)).Name)},
		{p.T("接口", "message"), string(d.Message)}, {"uuid", d.UUID}}
}

func attemptStep(p *page, c *charge.Charge, d *charge.Delivery, a charge.Attempt) step {
	s := coded(p, a.At, fmt.Sprintf(p.T("下发（第 %d 次）", "Sent (try %d)"), a.N), words.AttemptResult, string(a.Result))
	s.rank, s.Facts = rankSend, deliveryFacts(p, d)
	if a.Detail != "" {
		s.Facts = append(s.Facts, fact{p.T("车场应答", "answer"), desk.HidePlate(p.Who, p.Say(words.Sentence(a.Detail)), c.Plate)})
	}
	s.Body = body(desk.HidePlate(p.Who, string(d.Payload), c.Plate))
	return s
}

// waitingStep is a delivery that has not been tried.
func waitingStep(p *page, c *charge.Charge, d *charge.Delivery) step {
	s := coded(p, d.DueAt, p.T("等待下发", "To be sent"), words.DeliveryState, string(d.State))
	s.rank, s.Facts = rankSend, deliveryFacts(p, d)
	s.Body = body(desk.HidePlate(p.Who, string(d.Payload), c.Plate))
	return s
}

func eventStep(p *page, e charge.Event) step {
	titles := map[string]string{
		"matched": p.T("匹配到停车订单", "Matched to a stay"), "corrected": p.T("车场更正车牌", "Plate corrected by the lot"),
		"repeated": p.T("订单再次推送", "Order pushed again"), "redelivered": p.T("人工重新下发", "Redelivered"),
		"voided": p.T("人工作废", "Voided"), "bound": p.T("人工绑定", "Bound by hand"), "report": p.T("回传平台", "Reported to the platform"),
		"usage": p.T("实际减免", "Usage told"), "expired": p.T("等待到期", "Hold is over"),
	}
	s := step{At: e.At, rank: rankEvent, Title: titles[e.Step], Tone: "calm", Text: p.Say(words.Sentence(e.Detail))}
	if s.Title == "" {
		s.Title = e.Step
	}
	if e.Reason != "" {
		s.Badge = p.Say(p.Word(words.ChargeReason, string(e.Reason)).Name)
	}
	if e.Actor != "" {
		s.Facts = append(s.Facts, fact{p.T("操作人", "by"), e.Actor})
	}
	return s
}

func staySteps(p *page, s *flow.Story) []step {
	var steps []step
	if s.Stay != nil {
		steps = append(steps, step{At: s.Stay.Entered, Title: p.T("车辆入场", "Car came in"), Tone: "calm",
			Facts: []fact{{p.T("停车订单", "stay"), s.Stay.OrderID}, {p.T("车场", "lot"), s.Stay.Lot.String()}}})
		if !s.Stay.Open {
			how := map[charge.StayClosed]string{
				charge.ClosedByExit:  p.T("车场上报出场。", "The lot told the exit."),
				charge.ClosedByEntry: p.T("同一车牌再次入场，旧订单被关闭。", "The plate came in again, which closed this stay."),
				charge.ClosedLate:    p.T("入场记录迟到，已有更新的订单。", "The entry was told after a newer one."),
				charge.ClosedLone:    p.T("只有出场，没有入场记录。", "The exit came without its entry."),
			}
			steps = append(steps, step{At: s.Stay.Left, rank: rankExit, Title: p.T("车辆出场", "Car went out"), Tone: "calm", Text: how[s.Stay.Closed]})
		}
	}
	if u := s.Charge.Usage; u != nil {
		source := map[charge.UsageSource]string{charge.UsageExit: p.T("出场记录", "the exit"),
			charge.UsageTold: p.T("用量上报", "the usage message"), charge.UsageLedger: p.T("我们的账本", "our own ledger")}
		st := step{At: u.At, rank: rankUsage, Title: p.T("实际减免", "Really taken off"), Tone: "good", Badge: usedText(p, u),
			Facts: []fact{{p.T("来源", "told by"), source[u.Source]}}}
		if u.Told != "" {
			st.Facts = append(st.Facts, fact{p.T("原值", "as told"), u.Told})
		}
		if s.Charge.Gap() {
			st.Tone, st.Text = "bad", p.T("与给予的减免不一致，对账单会标为差异。", "It differs from what was granted; the statement shows a gap.")
			st.Next = p.T("与车场核对这笔停车订单。", "Ask the lot about this stay.")
		}
		steps = append(steps, st)
	}
	return steps
}

// usedText gives a usage in minutes, yuan or both.
func usedText(p *page, u *charge.Usage) string {
	minutes := fmt.Sprintf(p.T("%d 分钟", "%d min"), u.Minutes)
	switch {
	case u.Minutes > 0 && u.Amount > 0:
		return minutes + " · " + p.Yuan(u.Amount)
	case u.Amount > 0:
		return p.Yuan(u.Amount)
	}
	return minutes
}

func ledgerStep(p *page, e charge.LedgerEntry) step {
	title, rank := p.T("记账：给予", "Ledger: granted"), rankGrant
	if e.Kind == charge.EntryUsage {
		title, rank = p.T("记账：使用", "Ledger: used"), rankLedger
	}
	note := e.Note
	if note == "granted" { // the title says it
		note = ""
	}
	return step{At: e.At, rank: rank, Title: title, Tone: "calm", Text: p.Say(words.Sentence(note)), Facts: []fact{
		{p.T("分钟", "minutes"), strconv.FormatInt(e.Minutes, 10)}, {p.T("金额", "amount"), p.Yuan(e.Amount)}}}
}

func reportStep(p *page, c *charge.Charge) step {
	at := c.UpdatedAt
	if c.Usage != nil && at.Before(c.Usage.At) {
		at = c.Usage.At
	}
	s := coded(p, at, p.T("结果回传", "Report to the platform"), words.ReportState, string(c.Report))
	s.rank = rankReport
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
