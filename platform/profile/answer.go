package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Shape is how a platform wants to be answered: the names of the members and the values of the code. Values are
// text or whole numbers, as the platform has them.
type Shape struct {
	Plain   bool                   `toml:"plain"` // the answer is the code's text alone, and no JSON
	Code    string                 `toml:"code"`  // name of the member that holds the code
	OK      any                    `toml:"ok"`
	Refused any                    `toml:"refused"`
	Absent  any                    `toml:"absent"` // the plate asked for is not in the lot
	Codes   map[charge.Outcome]any `toml:"codes"`  // where a refusal has a code of its own
	Text    string                 `toml:"text"`   // name of the member that holds words; empty for none
	OKText  string                 `toml:"ok_text"`
	Data    string                 `toml:"data"` // name of a member that is an object on success, else null
}

// refusals are the outcomes that a shape may have codes for.
var refusals = []charge.Outcome{charge.OutcomeBadBody, charge.OutcomeBadField, charge.OutcomeBadSignature,
	charge.OutcomeStale,
	charge.OutcomeWrongLock, charge.OutcomeUnknownAccount, charge.OutcomeUnknownLot, charge.OutcomeLotOff,
	charge.OutcomeNotBound,
	charge.OutcomeUndated,
	charge.OutcomeTooLarge, charge.OutcomeRateLimited, charge.OutcomeBusy}

func (s *Shape) check(f *File, inquiry bool) error {
	switch {
	case s.Plain && (s.Code != "" || s.Text != "" || s.Data != ""):
		return f.Errorf("reply.plain", "a text alone has no members: leave code, text and data out")
	case !s.Plain && s.Code == "":
		return f.Errorf("reply.code", "is missing: which member holds the code?")
	}
	codes := map[string]any{"reply.ok": s.OK, "reply.refused": s.Refused}
	if inquiry || s.Absent != nil {
		codes["reply.absent"] = s.Absent
	}
	for outcome, code := range s.Codes {
		key := "reply.codes." + string(outcome)
		if err := OneOf(f, key, outcome, refusals); err != nil {
			return err
		}
		codes[key] = code
	}
	for key, code := range codes {
		switch code.(type) {
		case string, int64:
		default:
			return f.Errorf(key, "is missing, or neither a text nor a whole number")
		}
		if key != "reply.ok" && code == s.OK {
			return f.Errorf(key, "%v is what success is answered with", code)
		}
	}
	return nil
}

// Taken reports whether an outcome is answered as success.
func Taken(o charge.Outcome) bool {
	return o == charge.OutcomeAccepted || o == charge.OutcomeDuplicate || o == charge.OutcomeQuestion
}

// Words are what a platform hears of a refusal. They are terse on purpose: who may not push learns nothing.
func Words(o charge.Outcome) string {
	switch o {
	case charge.OutcomeBadBody, charge.OutcomeTooLarge:
		return "请求报文错误"
	case charge.OutcomeBadField:
		return "参数错误"
	case charge.OutcomeBadSignature, charge.OutcomeBadToken, charge.OutcomeUnknownAccount, charge.OutcomeWrongLock:
		return "签名错误"
	case charge.OutcomeStale:
		return "请求已过期"
	case charge.OutcomeUndated:
		return "缺少订单号或时间"
	case charge.OutcomeUnknownLot, charge.OutcomeLotOff:
		return "车场不存在"
	case charge.OutcomeNotBound:
		return "车场未授权"
	}
	return "系统繁忙，请稍后重试"
}

// Member is one member of an answer; nil is null.
type Member struct {
	Name  string
	Value any
}

// Raw is a member's value that is JSON already.
type Raw []byte

// Object prints members in their order, the way platforms print JSON: no blanks, nothing escaped that need not be.
func Object(members ...Member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSON(&b, m.Name)
		b.WriteByte(':')
		writeJSON(&b, m.Value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

func writeJSON(b *bytes.Buffer, v any) {
	if raw, ok := v.(Raw); ok {
		b.Write(raw)
		return
	}
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // texts, numbers and nil always encode
	}
	b.Truncate(b.Len() - len("\n"))
}

// Answer puts a verdict into one object of all shapes. data is what the data member holds on success.
func Answer(shapes []Shape, v platform.Verdict, data []byte) platform.Reply {
	absent := v.Outcome == charge.OutcomeQuestion && !v.InPark
	var members []Member
	for _, s := range shapes {
		code, text := s.OK, s.OKText
		switch {
		case absent:
			code, text = s.Absent, "车辆不在场"
		case !Taken(v.Outcome):
			code, text = s.Refused, Words(v.Outcome)
			if own, ok := s.Codes[v.Outcome]; ok {
				code = own
			}
		}
		if s.Plain {
			return platform.Reply{Status: http.StatusOK, Type: "text/plain;charset=utf-8", Body: fmt.Append(nil, code)}
		}
		members = append(members, Member{s.Code, code})
		if s.Text != "" && strings.TrimSpace(text) != "" {
			members = append(members, Member{s.Text, text})
		}
		if s.Data != "" {
			var value any
			if Taken(v.Outcome) && !absent {
				value = Raw(data)
			}
			members = append(members, Member{s.Data, value})
		}
	}
	return platform.Reply{Status: http.StatusOK, Type: "application/json;charset=utf-8", Body: Object(members...)}
}
