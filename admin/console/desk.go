package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
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

const alertSample = `alerts:
  - url: https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…
    format: wecom   # generic, wecom, dingtalk, feishu`

func findingTone(f *doctor.Finding) string {
	if f.Accepted {
		return "good"
	}
	return "bad"
}

func minutesAndYuan(p *page, minutes int64, amount charge.Fen) string {
	return p.T(Count(minutes)+" 分钟 · "+amount.String()+" 元", Count(minutes)+" min · ¥"+amount.String())
}
