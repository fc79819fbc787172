package play

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Request is a push as it goes over the wire, with its payload in the clear beside it.
type Request struct {
	Method string
	Path   string // published path, path token included
	Header http.Header
	Body   []byte
	Plain  []byte // the business payload before encryption or Base64
}

// Answer is what a platform reads from an answer.
type Answer struct {
	OK    bool   // the platform counts the push as delivered
	Code  string // its own code: Ret, code, resCode, result or state
	Text  string // its own text
	Plain []byte // the answer's payload, decoded
}

// ErrAnswer says that an answer is no answer in the platform's words: not readable, or sealed wrong.
var ErrAnswer = errors.New("not an answer in the platform's words")

// ErrNotBreakable says that a platform has nothing of the kind to break.
var ErrNotBreakable = errors.New("there is nothing of the kind to break")

// voice is how one platform speaks.
type voice struct {
	id        string
	path      string
	token     string // path of query_token; empty where there is none
	inquiry   string // path of the plate query; empty where there is none
	keys      []string
	breakable []Break
	byStation bool // the platform's own station id finds the lot
	noOrder   bool // charges have no number
	build     func(voice, job) (*Request, error)
	read      func(voice, Keys, []byte) (Answer, error)
}

// job is everything one push is built from.
type job struct {
	push Push
	keys Keys
	at   time.Time
	opt  Options
}

// The published paths, in the order of docs/platforms/README.md.
func voices() []voice {
	cec := []string{"operator_id", "operator_secret", "data_secret", "data_secret_iv", "sig_secret"}
	sealed := []Break{BreakSig, BreakToken, BreakKey, BreakClock, BreakBody, BreakDuplicate}
	signed := []Break{BreakSig, BreakToken, BreakKey, BreakBody, BreakDuplicate}
	open := []Break{BreakToken, BreakKey, BreakBody, BreakDuplicate}
	return []voice{
		{id: "xiaoju", path: "/zld/xiaoju/reduce", inquiry: "/zld/xiaoju/queryPlateNo",
			keys: []string{"sign_key"}, breakable: signed, build: buildXiaoju, read: readCode("code", "msg", "10000")},
		{id: "xingxing", path: "/zld/xingxing/v1/notification_parking_charge_result",
			keys: []string{"operator_id"}, breakable: open, build: buildXingxing, read: readXingxing},
		{id: "xiaowei", path: "/zld/api/wec/SyncChargePilePay",
			keys: []string{"ukey"}, breakable: signed, build: buildXiaowei, read: readCode("resCode", "resMsg", "0")},
		{id: "telaidian", path: "/zld/telaidian/notification_charge_end_order_info", token: "/zld/telaidian/query_token",
			keys: cec, breakable: sealed, build: buildCEC, read: readCEC},
		{id: "wanchong", path: "/zld/api/wanchong/tcxt/notification_tc_info",
			breakable: open, build: buildWanchong, read: readCode("Ret", "Msg", "0")},
		{id: "linghu", path: "/zld/chargingPile/syncChargePilePay",
			keys: []string{"ckey"}, breakable: signed, build: buildLinghu, read: readLinghu},
		{id: "zhongdianlian", path: "/zld/api/zdl/notification_end_charge_order_info", token: "/zld/api/zdl/query_token",
			keys: cec, breakable: sealed, build: buildCEC, read: readCEC},
		{id: "yunkuaichong", path: "/zld/chargePile/chargingRecord",
			keys: []string{"sign_key"}, breakable: signed, build: buildRecord, read: readCode("result", "description", "0")},
		{id: "zhichong", path: "/zld/api/zhichong/noticeparkreduce",
			keys: []string{"secret_key"}, breakable: append(slices.Clone(signed), BreakClock), build: buildZhichong,
			read: readCode("code", "desc", "ok")},
		{id: "aotexun", path: "/zld/park/v1/notification_charge_detail", token: "/zld/park/v1/query_token",
			keys: cec, breakable: sealed, build: buildCEC, read: readCEC},
		{id: "dakeyun", path: "/zld//hlht/v1/notification_charge_detail", token: "/zld//hlht/v1/query_token",
			keys: cec, breakable: sealed, build: buildCEC, read: readCEC},
		{id: "yonglian", path: "/zld/api/yonglian/notification_charge_order",
			keys: []string{"sign_key"}, breakable: signed, build: buildRecord, read: readCode("result", "description", "0")},
		{id: "guowang-jinan", path: "/zld/echargepile/v1/notification_charge_detail",
			keys:      []string{"data_secret", "data_secret_iv"},
			breakable: []Break{BreakSig, BreakToken, BreakKey, BreakClock, BreakBody, BreakDuplicate},
			build:     buildCEC, read: readCEC},
		{id: "echongwang", path: "/zld/groudLock/v1/SyncChargePilePay",
			keys: []string{"app_id", "app_secret"}, breakable: signed, build: buildEchongwang,
			read: readCode("resCode", "resMsg", "0")},
		{id: "xindiantu", path: "/zld/xindiantu/chargePile/chargingRecord",
			keys: []string{"sign_key"}, breakable: signed, build: buildXindiantu,
			read: readCode("result", "description", "0")},
		{id: "jingtai", path: "/zld/jingtai/derate",
			keys: []string{"sign_key"}, breakable: signed, build: buildJingtai, read: readCode("code", "msg", "0")},
		{id: "weilai", path: "/zld/weilai/deduct", byStation: true,
			keys: []string{"sign_key"}, breakable: signed, build: buildWeilai,
			read: readCode("result_code", "message", "success")},
		{id: "xiangqianchong", path: "/zld/xiangqianchong/charge", byStation: true, noOrder: true,
			breakable: []Break{BreakToken, BreakBody, BreakDuplicate}, build: buildXiangqianchong, read: readOK},
	}
}

// Platforms lists the built-in platforms in the order of docs/platforms/README.md.
func Platforms() []string {
	all := voices()
	ids := make([]string, len(all))
	for i, v := range all {
		ids[i] = v.id
	}
	return ids
}

// KeyNames lists the keys that a platform's pushes are sealed with. 济南国网 takes sig_secret as well, which
// makes it send the full signed envelope.
func KeyNames(platform string) ([]string, error) {
	v, err := voiceOf(platform)
	return v.keys, err
}

// Breakable lists what can be broken in a platform's pushes.
func Breakable(platform string) ([]Break, error) {
	v, err := voiceOf(platform)
	return v.breakable, err
}

func voiceOf(platform string) (voice, error) {
	for _, v := range voices() {
		if v.id == platform {
			return v, nil
		}
	}
	return voice{}, fmt.Errorf("no platform is called %q; there are %s", platform, strings.Join(Platforms(), ", "))
}

// Build makes the request by which a platform reports one finished charge, sealed as at the given time.
// Where the platform has query_token, Options.Token goes along as the bearer. Errors say what is missing.
func Build(platform string, p Push, keys Keys, at time.Time, o Options) (*Request, error) {
	v, err := voiceOf(platform)
	if err != nil {
		return nil, err
	}
	return v.request(job{p, keys, at, o})
}

func (v voice) request(j job) (*Request, error) {
	if err := v.usable(j); err != nil {
		return nil, err
	}
	if j.opt.Break == BreakClock {
		j.at = j.at.Add(-staleBy)
	}
	if j.opt.Seq == 0 {
		j.opt.Seq = 1
	}
	r, err := v.build(v, j)
	if err != nil {
		return nil, err
	}
	r.finish(j.opt)
	return r, nil
}

func (v voice) usable(j job) error {
	if err := j.keys.need(v.id, v.keys...); err != nil {
		return err
	}
	if j.push.Plate == "" {
		return errors.New("a push needs a plate")
	}
	switch {
	case v.byStation && j.push.Charger == "":
		return fmt.Errorf("%s finds the lot by its station: a push needs the station's id as charger", v.id)
	case j.push.Lot.IsZero() && !v.byStation && v.id != "aotexun":
		return errors.New("a push needs a lot, written union_id/park_id")
	}
	return v.canBreak(j)
}

// canBreak says why there is nothing to break, if so.
func (v voice) canBreak(j job) error {
	unsealed := v.id == "guowang-jinan" && j.keys["sig_secret"] == ""
	switch b := j.opt.Break; {
	case b == BreakNothing:
		return nil
	case !slices.Contains(v.breakable, b):
		return fmt.Errorf("%s, %s: %w; there are %s", v.id, b, ErrNotBreakable, breakNames(v.breakable))
	case unsealed && (b == BreakSig || b == BreakClock):
		return fmt.Errorf("%s signs nothing, nor its time, without sig_secret: %w", v.id, ErrNotBreakable)
	case v.token == "" && b == BreakToken && j.opt.PathToken == "":
		return fmt.Errorf("%s has no token and no path token was given: %w", v.id, ErrNotBreakable)
	}
	return nil
}

// finish puts on what all platforms have in common.
func (r *Request) finish(o Options) {
	r.Method = http.MethodPost
	if o.PathToken != "" {
		token := o.PathToken
		if o.Break == BreakToken {
			token = swapLast(token)
		}
		r.Path += "/" + token
	}
	if o.Break == BreakBody {
		r.Body = r.Body[:len(r.Body)/2]
	}
}

// Decode reads an answer as the platform would. An answer whose own seal is wrong is ErrAnswer.
func Decode(platform string, keys Keys, answer []byte) (Answer, error) {
	v, err := voiceOf(platform)
	if err != nil {
		return Answer{}, err
	}
	return v.read(v, keys, answer)
}

// Inquiry makes the request by which 小桔 asks whether a plate is in a lot.
func Inquiry(p Push, keys Keys, o Options) (*Request, error) {
	v, err := voiceOf("xiaoju")
	if err != nil {
		return nil, err
	}
	j := job{push: p, keys: keys, opt: o}
	if err := v.usable(j); err != nil {
		return nil, err
	}
	var r record
	r.put("merchId", lotKey(p.Lot, "&&"))
	r.put("plateNo", p.Plate.Full())
	req := jsonRequest(v.inquiry, signXiaoju(r.over(o.Fields), j))
	req.finish(o)
	return req, nil
}

func lotKey(l charge.LotID, separator string) string { return l.Union + separator + l.Park }

func jsonRequest(path string, r record) *Request {
	body := r.json()
	return &Request{
		Path:   path,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Body:   body,
		Plain:  body,
	}
}

// readCode reads the flat answers: a code, a text, and which code is success.
func readCode(code, text, success string) func(voice, Keys, []byte) (Answer, error) {
	return func(_ voice, _ Keys, answer []byte) (Answer, error) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(answer, &members); err != nil || members[code] == nil {
			return Answer{}, fmt.Errorf("%w: no %s in it", ErrAnswer, code)
		}
		a := Answer{Code: bare(members[code]), Text: bare(members[text]), Plain: answer}
		a.OK = a.Code == success
		return a, nil
	}
}

// readOK reads an answer that is the text OK or something else.
func readOK(_ voice, _ Keys, answer []byte) (Answer, error) {
	text := strings.TrimSpace(string(answer))
	if text == "" || strings.ContainsAny(text, "<{") {
		return Answer{}, fmt.Errorf("%w: neither OK nor another word", ErrAnswer)
	}
	return Answer{OK: text == "OK", Code: text, Plain: answer}, nil
}

// bare is a JSON value without quotes: codes come as strings and as numbers.
func bare(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func md5Upper(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func md5Lower(text string) string { return strings.ToLower(md5Upper(text)) }

// swapLast changes the last character of a signature or token to another of the same alphabet.
func swapLast(text string) string {
	if text == "" {
		return "0"
	}
	last := byte('0')
	if text[len(text)-1] == '0' {
		last = '1'
	}
	return text[:len(text)-1] + string(last)
}

// otherKey is a key of the same length with another first character.
func otherKey(key string) string {
	first := byte('x')
	if key != "" && key[0] == 'x' {
		first = 'y'
	}
	if key == "" {
		return string(first)
	}
	return string(first) + key[1:]
}

// localTime is the form that platforms write times in.
func localTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(charge.Shanghai).Format(time.DateTime)
}

// yuan, kwh and whole are numbers as JSON numbers, their digits kept; zero amounts are left out.
func yuan(f charge.Fen) json.Number {
	if f == 0 {
		return ""
	}
	return json.Number(f.String())
}

func kwh(e charge.Energy) json.Number {
	if e == 0 {
		return ""
	}
	return json.Number(e.String())
}

func whole(n int64) json.Number { return json.Number(fmt.Sprint(n)) }
