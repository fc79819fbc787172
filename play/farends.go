package play

import (
	"cmp"
	"crypto"
	"crypto/md5" //nolint:gosec // 捷顺's own choice
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// What a parking system's cloud is asked.
const (
	needToken  = "token"
	needLookup = "lookup"
	needGive   = "give"
	needRevoke = "revoke"
)

// What it answers.
const (
	sayTaken     = "taken"
	sayRepeated  = "repeated"
	sayNotInside = "not inside"
	sayBadSign   = "bad sign"
	sayRefused   = "refused"
	sayUnknown   = "unknown code"
	sayCode      = "code " // and a code of the system's paper
)

// ask is a request as a far end has understood it.
type ask struct {
	what  string
	id    string // the coupon's own number; empty where the system has none
	plate string
	give  charge.Reduction
	trial charge.Reduction // of a lookup that asks what it would leave; no method: as it is
}

// farEnd is one parking system's cloud: how it reads a request, which it checks as its paper says, and how it answers.
type farEnd struct {
	knows bool   // a coupon has a number by which a repeat is known
	names string // the member of a request that names the coupon; its car where coupons have no number
	read  func(k Keys, r *http.Request, body []byte) (ask, error)
	// say answers; v is the stay of a lookup.
	say func(a ask, what string, v Visit, bill Bill) record
}

// FarEnds lists the parking systems that can be played.
func FarEnds() []string {
	names := make([]string, 0, len(farEnds))
	for name := range farEnds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

var farEnds = map[string]farEnd{
	"4pyun":       {true, "event_id", readPyun, sayPyun},
	"qcyuns":      {true, "grantSerial", readQcyuns, sayQcyuns},
	"tdznyun":     {false, "plateNum", readTdznyun, sayTdznyun},
	"tingjiandan": {true, "outTradeNo", readTingjiandan, sayTingjiandan},
	"keytop":      {true, "orderNo", readKeytop, sayKeytop},
	"hongmen":     {true, "orderNo", readHongmen, sayHongmen},
	"hikparking":  {false, "plateNo", readHik, sayHik},
	"jieshun":     {false, "carNo", readJieshun, sayJieshun},
}

// codes are what a system answers; what is not among them has a code of no paper.
type codes map[string]string

// of is the code for what is to be said.
func (c codes) of(what string) string {
	if code, is := strings.CutPrefix(what, sayCode); is {
		return code
	}
	return cmp.Or(c[what], "777")
}

var (
	errSign  = errors.New("签名错误")
	errField = errors.New("参数错误")
)

// raw are the members of a JSON object as they stand in it.
type raw map[string]json.RawMessage

func readRaw(body []byte) (raw, error) {
	var f raw
	if err := json.Unmarshal(body, &f); err != nil {
		return nil, errField
	}
	return f, nil
}

// text is a member as it is signed: a string without its quotes, anything else as it stands.
func (f raw) text(name string) string {
	var s string
	if json.Unmarshal(f[name], &s) == nil {
		return s
	}
	return string(f[name])
}

// object is a member that is an object, or a text that holds one.
func (f raw) object(name string) raw {
	inner, err := readRaw(f[name])
	if err != nil {
		inner, _ = readRaw([]byte(f.text(name)))
	}
	return inner
}

// signed writes the members that say something, sorted, each name=value.
func (f raw) signed(between, behind string, without ...string) string {
	names := make([]string, 0, len(f))
	for name := range f {
		if text := f.text(name); !slices.Contains(without, name) && text != "" && text != "null" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		names[i] = name + "=" + f.text(name) + behind
	}
	return strings.Join(names, between)
}

func (f raw) number(name string) int64 {
	n, _ := strconv.ParseInt(f.text(name), 10, 64)
	return n
}

func (f raw) yuan(name string) charge.Fen {
	v, _ := charge.ParseFen(f.text(name))
	return v
}

func readPyun(k Keys, r *http.Request, body []byte) (ask, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") ||
		r.URL.Path != "/gate/1.0/parking/mcoupon/event" {
		return ask{}, errField
	}
	f := raw{}
	for name, values := range form {
		f[name] = json.RawMessage(mustJSON(values[0]))
	}
	if md5Upper(f.signed("&", "", "sign")+"&app_secret="+k["app_secret"]) != f.text("sign") {
		return ask{}, errSign
	}
	for _, name := range []string{"app_id", "api_store_code", "api_type"} {
		if f.text(name) != k[name] {
			return ask{}, fmt.Errorf("%w: %s", errField, name)
		}
	}
	a := ask{what: needGive, id: f.text("event_id"), plate: f.text("plate"),
		give: charge.Reduction{Method: charge.MethodLotDecides}}
	if meta := f.text("metadata"); meta != "" {
		var m map[string]struct{ Value int64 }
		if json.Unmarshal([]byte(meta), &m) != nil {
			return ask{}, errField
		}
		if v, has := m[k["minutes_key"]]; has {
			a.give = charge.Reduction{Method: charge.MethodTime, Minutes: v.Value}
		} else if v, has := m[k["amount_key"]]; has {
			a.give = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(v.Value)}
		}
	}
	return a, nil
}

func mustJSON(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string can always be written
	}
	return b
}

func sayPyun(a ask, what string, _ Visit, _ Bill) record {
	code := codes{sayTaken: "1001", sayRepeated: "1403", sayNotInside: "1002", sayBadSign: "403",
		sayRefused: "1003"}.of(what)
	return record{{"code", code}, {"message", what}, {"seqno", "86213123"}, {"data_node", "HS1-1"}, {"plate", a.plate}}
}

func readQcyuns(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	data := f.object("data")
	if md5Lower(f.signed("", "|", "sign", "data")+data.signed("", "|")+k["org_secret"]) != f.text("sign") ||
		f.text("orgId") != k["org_id"] {
		return ask{}, errSign
	}
	a := ask{id: data.text("grantSerial"), plate: data.text("plate")}
	switch f.text("service") {
	case "CarInfo", "CarInfoDiscountDestory":
		a.what = needLookup
		if data.text("value") != "" {
			a.trial = qcyunsGive(data)
		}
	case "DiscountDestory":
		a.what = needRevoke
	case "DiscountCreate":
		if data.text("parkingSerial") == "" || data.text("storeName") == "" {
			return ask{}, errField
		}
		a.what, a.give = needGive, qcyunsGive(data)
	default:
		return ask{}, errField
	}
	return a, nil
}

func qcyunsGive(data raw) (r charge.Reduction) {
	switch data.text("type") {
	case "1":
		r = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(data.number("value"))}
	case "2":
		r = charge.Reduction{Method: charge.MethodTime, Minutes: data.number("value")}
	case "3":
		r = charge.Reduction{Method: charge.MethodFree}
	}
	return r
}

func sayQcyuns(a ask, what string, v Visit, bill Bill) record {
	if a.what == needLookup && what == sayTaken {
		car := record{{"inTime", localTime(v.In)}, {"amount", json.Number(bill.Due().String())},
			{"totalFee", json.Number(bill.Gross.String())},
			{"recordId", json.Number(v.OrderID)}, {"localId", nil}}
		return record{{"retCode", whole(0)}, {"retMsg", nil},
			{"retData", json.RawMessage(record{{"plate", a.plate}, {"carType", whole(1)},
				{"carInfo", json.RawMessage(car.json())}}.json())}}
	}
	code := codes{sayTaken: "0", sayRepeated: "0", sayNotInside: "-11", sayRefused: "-12", sayBadSign: "-4"}.of(what)
	if a.what == needLookup && what == sayNotInside {
		code = "0" // an answer without a stay
	}
	return record{{"retCode", numeric(code)}, {"retMsg", what}, {"retData", nil}}
}

func readTdznyun(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	if md5Upper(f.signed("&", "", "sign")+"&key="+k["sign_key"]) != f.text("sign") || f.text("pid") != k["pid"] {
		return ask{}, errSign
	}
	biz := f.object("bizContent")
	a := ask{what: needGive, plate: biz.text("plateNum")}
	switch biz.text("ticketType") {
	case "1":
		a.give = charge.Reduction{Method: charge.MethodAmount, Amount: biz.yuan("ticketValue")}
	case "2":
		a.give = charge.Reduction{Method: charge.MethodTime, Minutes: biz.number("ticketValue")}
	case "5":
		a.give = charge.Reduction{Method: charge.MethodFree}
	default:
		return ask{}, errField
	}
	return a, nil
}

func sayTdznyun(_ ask, what string, _ Visit, _ Bill) record {
	code := codes{sayTaken: "200", sayRepeated: "405", sayNotInside: "6003", sayBadSign: "401",
		sayRefused: "6007"}.of(what)
	return record{{"code", numeric(code)}, {"msg", what}}
}

func readTingjiandan(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	if md5Upper(f.signed("&", "", "sign", "signType")+k["secret"]) != f.text("sign") || f.text("partner") != k["partner"] {
		return ask{}, errSign
	}
	if f.text("service") == "parkhub.order.infoForFreeMins" {
		return ask{what: needLookup, plate: f.text("carNum")}, nil
	}
	var list []raw
	if f.text("service") != "parkhub.order.deductionForDetail" ||
		json.Unmarshal([]byte(f.text("detailList")), &list) != nil || len(list) != 1 {
		return ask{}, errField
	}
	a := ask{what: needGive, id: list[0].text("outTradeNo"), plate: strings.TrimPrefix(f.text("tradeId"), "trade-")}
	switch list[0].text("couponType") {
	case "0":
		a.give = charge.Reduction{Method: charge.MethodAmount, Amount: list[0].yuan("amount")}
	case "1":
		a.give = charge.Reduction{Method: charge.MethodTime, Minutes: list[0].number("minutes")}
	case "2":
		a.give = charge.Reduction{Method: charge.MethodFree}
	}
	return a, nil
}

func sayTingjiandan(a ask, what string, _ Visit, bill Bill) record {
	code := codes{sayTaken: "T/0", sayRepeated: "T/0", sayNotInside: "T/3", sayRefused: "T/1", sayBadSign: "F",
		sayUnknown: "T/9"}.of(what)
	returned, success, about := strings.Cut(code, "/")
	switch {
	case !about:
		return record{{"returnCode", returned}, {"returnMsg", what}}
	case a.what == needLookup && what == sayTaken:
		return record{{"returnCode", "T"}, {"isSuccess", "0"}, {"carNum", a.plate}, {"tradeId", "trade-" + a.plate},
			{"accountId", "account-1"},
			{"totalAmount", bill.Gross.String()}, {"unPayAmount", bill.Due().String()}}
	case a.what == needLookup && what == sayNotInside: // no code is printed for it: there is no trade
		return record{{"returnCode", "T"}, {"isSuccess", "0"}, {"carNum", a.plate}}
	}
	return record{{"returnCode", returned}, {"isSuccess", success}, {"errorMsg", what}, {"deductionId", "d-1"}}
}

func readKeytop(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	if md5Upper(f.signed("&", "", "appId", "key")+"&"+k["app_secret"]) != f.text("key") || f.text("appId") != k["app_id"] {
		return ask{}, errSign
	}
	a := ask{what: needGive, id: f.text("orderNo"), plate: f.text("plateNo"),
		give: charge.Reduction{Method: charge.MethodLotDecides}}
	if f.text("freeType") == "0" {
		a.give = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(f.number("freeMoney"))}
		if seconds := f.number("freeTime"); seconds > 0 {
			a.give = charge.Reduction{Method: charge.MethodTime, Minutes: seconds / 60}
		}
	}
	return a, nil
}

func readHongmen(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	if md5Upper(f.signed("&", "", "sign")+"&key="+k["app_secret"]) != f.text("sign") || f.text("appId") != k["app_id"] {
		return ask{}, errSign
	}
	return ask{what: needGive, id: f.text("orderNo"), plate: f.text("plateNo"),
		give: charge.Reduction{Method: charge.MethodLotDecides}}, nil
}

func sayKeytop(_ ask, what string, _ Visit, _ Bill) record {
	code := codes{sayTaken: "0", sayRepeated: "0", sayNotInside: "1", sayRefused: "1", sayBadSign: "1101"}.of(what)
	return record{{"resCode", code}, {"resMsg", what}}
}

func sayHongmen(_ ask, what string, _ Visit, _ Bill) record {
	code := codes{sayTaken: "0", sayRepeated: "0", sayNotInside: "1", sayRefused: "1", sayBadSign: "2"}.of(what)
	return record{{"result", numeric(code)}, {"description", what}}
}

// hikToken is the token of the played 海康.
func hikToken(k Keys) string { return "played-" + md5Lower(k["client_secret"]) }

func readHik(k Keys, r *http.Request, body []byte) (ask, error) {
	if strings.HasSuffix(r.URL.Path, "/oauth/token") {
		form, err := url.ParseQuery(string(body))
		if err != nil || form.Get("client_id") != k["client_id"] || form.Get("client_secret") != k["client_secret"] {
			return ask{}, errSign
		}
		return ask{what: needToken, id: hikToken(k)}, nil
	}
	if r.Header.Get("access_token") != hikToken(k) {
		return ask{}, errSign
	}
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	a := ask{what: needGive, plate: f.text("plateNo")}
	switch f.text("couponType") {
	case "1":
		a.give = charge.Reduction{Method: charge.MethodAmount, Amount: charge.Fen(f.number("deductContent"))}
	case "3":
		a.give = charge.Reduction{Method: charge.MethodFree}
	case "4":
		a.give = charge.Reduction{Method: charge.MethodTime, Minutes: f.number("deductContent")}
	default:
		return ask{}, errField
	}
	return a, nil
}

func sayHik(a ask, what string, _ Visit, _ Bill) record {
	if a.what == needToken && what == sayTaken {
		return record{{"access_token", a.id}, {"expires_in", whole(7200)}}
	}
	return record{{"code", codes{sayTaken: "200", sayRepeated: "200"}.of(what)}, {"msg", what}}
}

func readJieshun(k Keys, _ *http.Request, body []byte) (ask, error) {
	f, err := readRaw(body)
	if err != nil {
		return ask{}, err
	}
	der, err := base64.StdEncoding.DecodeString(k["private_key"])
	if err != nil {
		return ask{}, fmt.Errorf("private_key: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, is := parsed.(*rsa.PrivateKey)
	if err != nil || !is {
		return ask{}, errors.New("private_key is no RSA key in PKCS #8")
	}
	sign, err := base64.StdEncoding.DecodeString(f.text("sign"))
	digest := md5.Sum([]byte(f.signed("&", "", "sign"))) //nolint:gosec // 捷顺's own choice
	if err != nil || rsa.VerifyPKCS1v15(&private.PublicKey, crypto.MD5, digest[:], sign) != nil ||
		f.text("app_id") != k["app_id"] {
		return ask{}, errSign
	}
	at := f.object("biz_content").object("p").object("attributes")
	a := ask{what: needGive, plate: strings.Replace(at.text("carNo"), "-", "", 1)}
	switch at.text("couponType") {
	case "0":
		a.give = charge.Reduction{Method: charge.MethodAmount, Amount: at.yuan("couponValue")}
	case "1":
		// hundredths of an hour
		a.give = charge.Reduction{Method: charge.MethodTime, Minutes: int64(at.yuan("couponValue")) * 60 / 100}
	case "2":
		a.give = charge.Reduction{Method: charge.MethodFree}
	}
	return a, nil
}

func sayJieshun(_ ask, what string, _ Visit, _ Bill) record {
	code := codes{sayTaken: "0/0", sayRepeated: "0/0", sayNotInside: "0/6", sayRefused: "0/7", sayBadSign: "0/1",
		sayUnknown: "0/99"}.of(what)
	outer, inner, _ := strings.Cut(code, "/")
	return record{{"code", outer}, {"msg", "ok"},
		{"biz_response", json.RawMessage(record{{"resultCode", numeric(inner)}, {"message", what}}.json())}}
}
