package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/words"
)

// example prints the captured push, what we read of it, and our answer.
func (p *platformPage) example() error {
	f := p.fixture
	p.section("6. 例子 · Example")
	p.para(fmt.Sprintf("测试样例 `%s/finished`，密钥都是编的。 The test case of that name; its keys are invented. %s", f.dir,
		"判断时刻 judged at `"+f.at.Format(time.RFC3339)+"`."))
	p.para("**请求 Request**")
	p.code("http", f.request)
	if err := p.opened(f.request); err != nil {
		return err
	}
	doctor, ok := p.dialect.(platform.Doctor)
	if !ok {
		return errors.New("has no doctor")
	}
	d := doctor.Diagnose(f.push, f.account, f.at)
	if !d.Likely.IsZero() {
		return fmt.Errorf("the doctor finds a mistake in %s/finished: %s", f.dir, words.Note(words.English, d.Likely))
	}
	if d.Canonical != "" && !p.info.NeedsLock {
		p.para("**签名原文（密钥已遮盖）The text that is signed, key masked**")
		p.code("text", d.Canonical)
		p.para("签名 signature: " + mono("", d.Found))
	}
	p.para("**我们读到的 What we read**")
	p.code("text", strings.Join(words.Lines(words.English, d.Read), "\n"))
	p.para("**换算后的充电订单 The charge, its units converted**")
	p.code("json", f.read)
	p.para("**应答 Answer**")
	p.code("http", f.reply)
	if err := p.opened(f.reply); err != nil {
		return err
	}
	return p.tokenExample()
}

// opened prints a message without what it is wrapped in, where it is wrapped.
func (p *platformPage) opened(message string) error {
	_, body, _ := strings.Cut(message, "\n\n")
	plain, err := p.clear([]byte(body))
	if err == nil && plain != "" {
		p.para("解开之后 In the clear:")
		p.code("json", plain)
	}
	return err
}

// tokenExample prints how the platform asks for its access token first, where it does.
func (p *platformPage) tokenExample() error {
	if !slices.ContainsFunc(p.info.Routes, func(r platform.Route) bool { return r.Kind == platform.RouteToken }) {
		return nil
	}
	p.para("**先取令牌 The access token before that**")
	for _, name := range []string{"push.http", "reply.http"} {
		text, err := os.ReadFile(filepath.Join(p.fixture.dir, "token", name))
		if err != nil {
			return err
		}
		message := strings.ReplaceAll(string(text), "\r\n", "\n")
		p.code("http", message)
		if err := p.opened(message); err != nil {
			return err
		}
	}
	return nil
}

// always are outcomes that any push may come to, whatever its platform.
var always = []charge.Outcome{charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeBadBody,
	charge.OutcomeBadField,
	charge.OutcomeUnknownAccount, charge.OutcomeUnknownLot, charge.OutcomeLotOff, charge.OutcomeNotBound,
	charge.OutcomeWrongLock, charge.OutcomeTooLarge,
	charge.OutcomeRateLimited, charge.OutcomeBusy}

// refusals prints our outcomes in the platform's words, each as the dialect really answers it.
func (p *platformPage) refusals() error {
	p.section("7. 应答 · Answers")
	p.para("平台听到的只有这些；为什么，写在控制台的“推送”里和 `chargestamp check` 的结果里。 All that the platform hears; " +
		"the reason stands in the console under pushes and in `chargestamp check`.")
	var rows [][]string
	for _, o := range charge.Outcomes {
		own := p.fixture.refusals[o] != nil || o == charge.OutcomeUndated && p.dialect.Info().Undated
		if !slices.Contains(always, o) && !own {
			continue
		}
		row, err := p.answer(o)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	p.table([]string{"结果 Outcome", "HTTP", "平台听到 The platform hears", "平台视为成功 Counts as delivered",
		"例：控制台里的原因 For example, in the console"}, rows)
	return nil
}

// answer is the row of one outcome.
func (p *platformPage) answer(o charge.Outcome) ([]string, error) {
	v := platform.Verdict{Outcome: o}
	account := &p.fixture.account
	switch o {
	case charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeUnknownLot, charge.OutcomeNotBound:
		v.Message = &p.fixture.message
	case charge.OutcomeUnknownAccount, charge.OutcomeTooLarge:
		account = nil
	}
	reply := p.dialect.Reply(p.fixture.push, account, v)
	if o == charge.OutcomeTooLarge {
		reply.Status = http.StatusRequestEntityTooLarge // the intake's, before any dialect
	}
	heard, err := play.Decode(p.info.ID, p.fixture.keys(), reply.Body)
	if err != nil && account != nil {
		return nil, fmt.Errorf("the answer to %s is not in the platform's words: %w", o, err)
	}
	detail := ""
	if cases := p.fixture.refusals[o]; len(cases) > 0 {
		detail = cases[0].detail
	}
	return []string{mono("", string(o)) + " " + outcomeName(o), fmt.Sprint(reply.Status), says(reply, heard),
		yes(heard.OK), detail}, nil
}

// says prints an answer decoded.
func says(reply platform.Reply, heard play.Answer) string {
	body := string(reply.Body)
	switch {
	case len(heard.Plain) == 0 && heard.Code == "":
		return mono("", body)
	case len(heard.Plain) == 0:
		return mono(" ", heard.Code, heard.Text)
	case string(heard.Plain) == body:
		return mono("", body)
	case heard.Code == "":
		return mono("", string(heard.Plain))
	}
	return mono(" ", heard.Code, heard.Text) + "<br>" + mono("", string(heard.Plain))
}
