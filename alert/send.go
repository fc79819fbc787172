package alert

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// Format is the form of message that a webhook takes.
type Format string

// Formats. The robots' are those of https://developer.work.weixin.qq.com/document/path/91770,
// https://open.dingtalk.com/document/robots/custom-robot-access and
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
const (
	Generic  Format = "generic"
	WeCom    Format = "wecom"    // 企业微信
	DingTalk Format = "dingtalk" // 钉钉
	Feishu   Format = "feishu"   // 飞书
)

// Formats lists every format.
var Formats = []Format{Generic, WeCom, DingTalk, Feishu}

// Target is one webhook. Its address holds the robot's key: neither it nor Secret is ever printed.
type Target struct {
	Name   string
	Format Format
	URL    string
	Secret string       // signs messages of 钉钉 and 飞书; empty where the robot asks for none
	Lang   string       // "zh" or "en"
	On     []Kind       // what it wants to hear; empty is all
	Client *http.Client // nil is the watcher's
}

// hears reports whether a target wants alerts of a kind.
func (t Target) hears(k Kind) bool { return len(t.On) == 0 || slices.Contains(t.On, k) }

// String returns name and format.
func (t Target) String() string { return t.Name + " (" + string(t.Format) + ")" }

// GoString is String: %#v shows no address either.
func (t Target) GoString() string { return t.String() }

// fails is the error of a message that did not get through. It never holds the address.
func (t Target) fails(why charge.Note) error {
	return charge.NewFault(charge.Say("target.failed", charge.Text("target", t.Name), charge.Because("why", why)),
		"alert "+t.Name+": "+words.Note(words.English, why))
}

// Notice is one alert on its way out.
type Notice struct {
	Alert
	Over bool   // it is over
	Link string // whole address of the console's page
	At   time.Time
}

// maxAnswer bounds what is read of a webhook's answer.
const maxAnswer = 64 << 10

// Send posts one notice. An error says what the webhook answered, never its address.
func Send(ctx context.Context, client *http.Client, t Target, n Notice) error {
	address, body, err := compose(t, n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return t.fails(charge.Say("target.bad_address"))
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := client.Do(req)
	if err != nil {
		var failed *url.Error // prints the address
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return t.fails(charge.Say("target.not_reached", charge.Because("cause", charge.Cause(err))))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return t.fails(charge.Say("target.cut_off"))
	}
	if resp.StatusCode/100 != 2 {
		return t.fails(charge.Say("target.http", charge.Count("status", resp.StatusCode)))
	}
	return readAnswer(t, answer)
}

// readAnswer finds the robots' refusals, which come with HTTP 200.
func readAnswer(t Target, body []byte) error {
	if t.Format == Generic {
		return nil
	}
	var a struct {
		ErrCode *int   `json:"errcode"` // 企业微信, 钉钉
		ErrMsg  string `json:"errmsg"`
		Code    *int   `json:"code"` // 飞书
		Msg     string `json:"msg"`
		Status  *int   `json:"StatusCode"` // 飞书, older
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return t.fails(charge.Say("target.no_json"))
	}
	for _, code := range []*int{a.ErrCode, a.Code, a.Status} {
		if code == nil {
			continue
		}
		if *code == 0 {
			return nil
		}
		return t.fails(charge.Say("target.refused", charge.Count("code", *code),
			charge.Text("said", fmt.Sprintf("%.120s", a.ErrMsg+a.Msg))))
	}
	return t.fails(charge.Say("target.no_result"))
}

// compose returns the address and body for a target.
func compose(t Target, n Notice) (address string, body []byte, err error) {
	title, text := said(t, n)
	markdown := "**" + title + "**\n\n" + text
	if n.Link != "" {
		markdown += "\n\n[" + words.AlertOpen.In(words.Lang(t.Lang)) + "](" + n.Link + ")"
	}
	address = t.URL
	var message any
	switch t.Format {
	case Generic:
		state := "firing"
		if n.Over {
			state = "resolved"
		}
		message = map[string]string{"kind": string(n.Kind), "object": n.Object, "state": state, "title": title, "text": text,
			"link": n.Link, "at": n.At.UTC().Format(time.RFC3339)}
	case WeCom:
		message = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"content": markdown}}
	case DingTalk:
		message = map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": title, "text": markdown}}
		if t.Secret != "" {
			stamp := strconv.FormatInt(n.At.UnixMilli(), 10)
			u, err := url.Parse(t.URL)
			if err != nil {
				return "", nil, t.fails(charge.Say("target.bad_address"))
			}
			q := u.Query()
			q.Set("timestamp", stamp)
			q.Set("sign", sign(t.Secret, stamp+"\n"+t.Secret))
			u.RawQuery = q.Encode()
			address = u.String()
		}
	case Feishu:
		content := text
		if n.Link != "" {
			content += "\n" + n.Link
		}
		m := map[string]any{"msg_type": "text", "content": map[string]string{"text": title + "\n" + content}}
		if t.Secret != "" {
			stamp := strconv.FormatInt(n.At.Unix(), 10)
			m["timestamp"], m["sign"] = stamp, sign(stamp+"\n"+t.Secret, "")
		}
		message = m
	default:
		return "", nil, t.fails(charge.Say("target.no_format", charge.Text("format", string(t.Format))))
	}
	body, err = json.Marshal(message)
	return address, body, err
}

// said is a notice's title and text in the target's language. What is over needs nothing done.
func said(t Target, n Notice) (title, text string) {
	l := words.Lang(t.Lang)
	text = n.Text.In(l)
	switch {
	case n.Kind == Test:
		return words.AlertTest.In(l), text
	case n.Over:
		return words.AlertOver.In(l), words.AlertWas.In(l) + text
	case n.Next != (words.Text{}): // an alert of an earlier release has none
		text += words.Text{ZH: "", EN: " "}.In(l) + n.Next.In(l)
	}
	return words.AlertTitle.In(l), text
}

// sign is Base64 of HMAC-SHA256; the two robots put key and text the other way round.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
