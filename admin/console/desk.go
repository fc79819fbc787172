package console

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/words"
)

// doctor judges a pasted push.
func (c *Console) doctor(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	if r.Method == http.MethodGet {
		f.Values = r.URL.Query()
		if seen, found := recall[examined](&c.memory, p.secret, f.Get("found"), p.Now); found {
			f.Values = seen.form
			return render(w, r, http.StatusOK, doctorPage(p, f, c.platformChoices(p), &seen.finding))
		}
		return render(w, r, http.StatusOK, doctorPage(p, f, c.platformChoices(p), nil))
	}
	q := desk.Question{Platform: f.Get("platform"), Push: []byte(f.Get("push")), At: p.Now}
	if strings.TrimSpace(f.Get("push")) == "" {
		f.bad("push", p.T("请粘贴推送报文", "paste a push"))
	}
	if at := strings.TrimSpace(f.Get("at")); at != "" {
		t, err := time.ParseInLocation("2006-01-02T15:04", at, charge.Shanghai)
		if err != nil {
			f.bad("at", p.T("时间写作 2026-01-31T08:00", "a time is written 2026-01-31T08:00"))
		}
		q.At = t
	}
	if !f.ok() {
		return render(w, r, f.status(), doctorPage(p, f, c.platformChoices(p), nil))
	}
	found, err := c.desk.Check(r.Context(), p.Who, q)
	if err != nil {
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
		return render(w, r, f.status(), doctorPage(p, f, c.platformChoices(p), nil))
	}
	return c.seeOther(w, r, "/doctor?"+c.shownAfter(p, "found", examined{f.Values, found}), "")
}

// examined is what the doctor was asked and has found.
type examined struct {
	form    url.Values
	finding doctor.Finding
}

// stepName names a step of opening a push.
func stepName(p *page, s platform.Step) string {
	names := map[platform.Step]string{
		platform.StepBody: p.T("报文格式", "body"), platform.StepAccount: p.T("账号", "account"),
		platform.StepLock: p.T("来源锁", "lock"),
		platform.StepSeal: p.T("签名", "signature"), platform.StepToken: p.T("令牌", "token"),
		platform.StepClock:  p.T("时钟", "clock"),
		platform.StepCipher: p.T("解密", "decryption"), platform.StepFields: p.T("字段", "fields"),
		platform.StepLot:   p.T("车场", "lot"),
		doctor.StepBinding: p.T("对接", "binding"),
	}
	if name, ok := names[s]; ok {
		return name
	}
	return string(s)
}

func stepTone(result string) string {
	switch result {
	case doctor.StepOK:
		return "good"
	case doctor.StepFailed:
		return "bad"
	}
	return "calm"
}

func stepResult(p *page, result string) string {
	switch result {
	case doctor.StepOK:
		return p.T("通过", "ok")
	case doctor.StepFailed:
		return p.T("不通过", "failed")
	}
	return p.T("未判断", "not checked")
}

// plates finds what looks like a number plate.
var plates = regexp.MustCompile(`(\p{Han}[A-Z])[A-Z0-9]{3,5}([A-Z0-9]{2})`)

// signatureWord says whether the keys give a push's signature.
func signatureWord(p *page, m platform.Match) string {
	switch m {
	case platform.Equal:
		return p.T("是", "yes")
	case platform.Differs:
		return p.T("否", "no")
	}
	return p.T("未比较", "not compared")
}

// shared is a finding that can be sent to a platform: without what was read and what looks like a plate.
func shared(p *page, f *doctor.Finding) string {
	masked := *f
	masked.Answer, masked.Read, masked.Difference = "", nil, nil
	text := masked.String()
	if p.Lang != words.English {
		text = sharedInChinese(p, &masked)
	}
	return plates.ReplaceAllString(text, "$1***$2")
}

// sharedInChinese is a finding for a platform's engineers, step by step.
func sharedInChinese(p *page, f *doctor.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s：%s\n", p.Platform(f.Platform), p.Say(p.Word(words.PushOutcome, string(f.Outcome)).Name))
	for _, s := range f.Steps {
		fmt.Fprintf(&b, "%s：%s %s\n", stepName(p, s.Step), stepResult(p, s.Result), s.DetailZH)
	}
	for _, part := range []struct{ name, text string }{{"签名原文", f.Canonical}, {"推送中的签名", f.Found},
		{"很可能", f.LikelyZH}} {
		if part.text != "" {
			fmt.Fprintf(&b, "\n%s：\n%s\n", part.name, part.text)
		}
	}
	return b.String()
}

// alertsNow is what fires, and which recipients could not be reached.
func (c *Console) alertsNow(ctx context.Context) (v alertsView, err error) {
	if c.cfg.Alerts == nil {
		return v, nil
	}
	v.Watcher, v.Failed = c.cfg.Alerts, c.cfg.Alerts.Failures()
	v.Firing, err = c.cfg.Alerts.Firing(ctx)
	return v, err
}

func (c *Console) alerts(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.alertsNow(r.Context())
	if err != nil {
		return err
	}
	v.Tested, _ = recall[testedAlert](&c.memory, p.secret, r.URL.Query().Get("tested"), p.Now)
	if v.Webhooks, err = c.desk.Webhooks(r.Context()); err != nil {
		return err
	}
	if n, found := recall[int64](&c.memory, p.secret, r.URL.Query().Get("resent"), p.Now); found {
		v.Resent = fmt.Sprintf(p.T("正在重发 %d 条", "Sending %d again now"), n)
	}
	return render(w, r, http.StatusOK, alertsPage(p, v))
}

// resendWebhook sends what a webhook has not taken at once.
func (c *Console) resendWebhook(w http.ResponseWriter, r *http.Request, p *page) error {
	n, err := c.desk.ResendWebhook(r.Context(), p.Who, r.PathValue("name"))
	if err != nil {
		return err
	}
	return c.seeOther(w, r, "/alerts?"+c.shownAfter(p, "resent", n)+"#webhooks", "")
}

// alertsView is what fires, who received it, and which messages failed.
type alertsView struct {
	*alert.Watcher // nil where none is configured
	Firing         []alert.Firing
	Failed         map[string]alert.Failure
	Webhooks       []charge.WebhookQueue
	Resent         string
	Tested         testedAlert
}

// testedAlert is a target that a test message was sent to, and what went wrong.
type testedAlert struct {
	name  string
	wrong charge.Note
}

// testAlert sends a message to one webhook, so that no one has to wait for trouble to see whether it works.
func (c *Console) testAlert(w http.ResponseWriter, r *http.Request, p *page) error {
	name := r.PostForm.Get("name")
	if c.cfg.Alerts == nil {
		return desk.Fail(desk.NotFound, "no alerts are configured")
	}
	err := c.cfg.Alerts.Test(r.Context(), name)
	says := ""
	if err != nil {
		says = err.Error()
	}
	wrong := charge.Cause(err)
	if err := c.desk.Record(r.Context(), p.Who, "alert.test", name, says); err != nil {
		return err
	}
	return c.seeOther(w, r, "/alerts?"+c.shownAfter(p, "tested", testedAlert{name, wrong}), "")
}

func alertName(p *page, k alert.Kind) string { return words.AlertKinds[string(k)].In(p.Lang) }

// queued is how many messages wait, as far as they are counted.
func queued(n int64) string { return Count(n) + plus(n == charge.MostQueued) }

func formatName(p *page, f alert.Format) string {
	switch f {
	case alert.WeCom:
		return p.T("企业微信", "WeCom")
	case alert.DingTalk:
		return p.T("钉钉", "DingTalk")
	case alert.Feishu:
		return p.T("飞书", "Feishu")
	}
	return p.T("通用", "generic")
}

// auditList is a part of the log with what narrowed it.
type auditList struct {
	Query url.Values
	Wrong map[string]string
	Items []guard.Entry
	Pages listPages
}

func auditFilter(p *page, q url.Values, wrong map[string]string) guard.AuditFilter {
	f := guard.AuditFilter{Actor: strings.TrimSpace(q.Get("actor")), Action: strings.TrimSpace(q.Get("action"))}
	f.From, f.To = spanFields(p, q, wrong)
	return f
}

func (c *Console) audit(w http.ResponseWriter, r *http.Request, p *page) error {
	list := auditList{Query: r.URL.Query(), Wrong: map[string]string{}}
	f := auditFilter(p, list.Query, list.Wrong)
	if len(list.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, auditPage(p, list))
	}
	f.Beginning = auditMore + 1
	page, err := c.desk.Audit(r.Context(), p.Who, f, list.Query.Get("cursor"), 100)
	if err != nil {
		return err
	}
	list.Items, list.Pages = page.Items, pagesOf(r.URL, page.Prev, page.Next)
	return render(w, r, http.StatusOK, auditPage(p, list))
}

// auditFile returns the log, narrowed as its page is, as a file.
func (c *Console) auditFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := auditFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return wrongFilter(text)
	}
	f.Beginning = auditMore + 1
	next := func(cursor string) (charge.Page[guard.Entry], error) {
		return c.desk.Audit(r.Context(), p.Who, f, cursor, exportedAtOnce)
	}
	first, err := next("")
	if err != nil {
		return err
	}
	heads := []string{p.T("序号", "number"), p.T("时间（+08:00）", "when (+08:00)"), p.T("操作人", "who"), p.T("角色", "role"),
		p.T("动作", "what"), p.T("对象", "object"), p.T("说明", "detail"), p.T("指纹", "hash")}
	return listFile(w, p, "audit", first, next, heads, func(e guard.Entry) []string {
		return []string{strconv.FormatInt(e.Seq, 10), sheetTime(e.At), e.Actor, p.RoleName(e.Role),
			actionName(p, e.Action), e.Object, e.Detail, e.Hash}
	})
}

// objectLink leads to what an entry of the log is about; empty where there is no page of it.
func objectLink(e guard.Entry) string {
	area, _, _ := strings.Cut(e.Action, ".")
	if e.Object == "" {
		return ""
	}
	switch _, isID := strconv.ParseInt(e.Object, 10, 64); {
	case area == "charge" && isID == nil:
		return "/charges/" + e.Object
	case area == "push" && isID == nil:
		return "/pushes/" + e.Object
	case area == "lot":
		if id, err := charge.ParseLotID(e.Object); err == nil {
			return "/lots/" + id.String()
		}
	case area == "binding":
		account, lot, found := strings.Cut(e.Object, "@")
		if id, err := charge.ParseLotID(lot); found && err == nil {
			return "/bindings/" + url.PathEscape(account) + "/" + id.String()
		}
	case area == "incident":
		return "/incidents/" + e.Object
	case area == "user" || area == "token" || area == "session":
		return "/access"
	}
	return ""
}

// auditDetail returns all that one entry says, as a text.
func (c *Console) auditDetail(w http.ResponseWriter, r *http.Request, p *page) error {
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 1 {
		return desk.Fail(desk.NotFound, "no such entry")
	}
	page, err := c.desk.Audit(r.Context(), p.Who, guard.AuditFilter{}, strconv.FormatInt(seq+1, 10), 1)
	if err != nil {
		return err
	}
	if len(page.Items) != 1 || page.Items[0].Seq != seq {
		return desk.Fail(desk.NotFound, "no such entry")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="audit-%d.txt"`, seq))
	_, err = io.WriteString(w, page.Items[0].Detail)
	return err
}

// What the log's page shows of a detail: the beginning, and some more on demand.
const (
	auditFirst = 160
	auditMore  = 800
)

// clipDetail returns a detail's beginning and, where that is not all, more of it.
func clipDetail(detail string) (first, more string) {
	text := []rune(detail)
	if len(text) <= auditFirst && !strings.Contains(detail, "\n") {
		return detail, ""
	}
	first, _, _ = strings.Cut(detail, "\n")
	if line := []rune(first); len(line) > auditFirst {
		first = string(line[:auditFirst])
	}
	first += " …"
	if len(text) > auditMore {
		return first, string(text[:auditMore]) + " …"
	}
	return first, detail
}

// actionName puts an audit action into words.
func actionName(p *page, action string) string {
	if name, ok := actionNames(p)[action]; ok {
		return name
	}
	return action
}

func actionChoices(p *page) []choice {
	names := actionNames(p)
	var list []choice
	for _, action := range slices.Sorted(maps.Keys(names)) {
		list = append(list, choice{action, names[action]})
	}
	return list
}

func actionNames(p *page) map[string]string {
	return map[string]string{
		"estate.apply": p.T("更改接入", "estate changed"), "charge.redeliver": p.T("重新下发", "redelivered"),
		"charge.void": p.T("作废", "voided"),
		"charge.bind": p.T("绑定", "bound"), "push.replay": p.T("回放", "replayed"), "lot.pause": p.T("暂停车场", "lot paused"),
		"lot.resume": p.T("恢复车场", "lot resumed"), "token.create": p.T("创建令牌", "token created"),
		"token.revoke": p.T("撤销令牌", "token revoked"),
		"user.create":  p.T("创建用户", "user created"), "user.revoke": p.T("停用用户", "user deactivated"),
		"user.role":    p.T("更改角色", "role changed"),
		"user.totp_on": p.T("开启双因素", "second factor on"), "user.totp_off": p.T("关闭双因素", "second factor off"),
		"user.password": p.T("更改密码", "password changed"), "user.password_reset": p.T("重置密码", "password reset"),
		"session.begin": p.T("登录", "signed in"), "session.end": p.T("退出", "signed out"),
		"session.refused": p.T("登录被拒绝", "sign-in refused"),
		"push.share":      p.T("生成推送链接", "link to a push created"), "push.unshare": p.T("撤销推送链接", "link to a push revoked"),
		"push.shared_view": p.T("链接被查看", "link viewed"), "binding.share": p.T("生成对接链接", "link to a binding created"),
		"binding.unshare":      p.T("撤销对接链接", "link to a binding revoked"),
		"binding.shared_view":  p.T("链接被查看", "link viewed"),
		"charge.compensate":    p.T("人工补偿", "compensated by hand"),
		"incident.acknowledge": p.T("认领事项", "incident acknowledged"),
		"incident.resolve":     p.T("事项已解决", "incident resolved"), "incident.snooze": p.T("事项暂缓", "incident snoozed"),
		"incident.reopen": p.T("事项重新打开", "incident reopened"), "incident.note": p.T("事项备注", "incident noted"),
		"charge.resolve": p.T("标明车场有没有", "lot's answer recorded"), "user.first_admin": p.T("创建首位管理员", "first admin created"),
		"session.revoke": p.T("结束会话", "session ended"), "alert.test": p.T("测试告警", "alert tested"),
		"binding.test": p.T("测试推送", "test push"), "doctor.check": p.T("推送诊断", "push examined"),
	}
}

const alertSample = `alerts:
  - url: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…
    format: wecom   # generic, wecom, dingtalk, feishu`

func findingTone(f *doctor.Finding) string {
	if f.Accepted {
		return "good"
	}
	return "bad"
}

// short is the beginning of a hash.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}

func minutesAndYuan(p *page, minutes int64, amount charge.Fen) string {
	return p.T(Count(minutes)+" 分钟 · "+amount.String()+" 元", Count(minutes)+" min · ¥"+amount.String())
}
