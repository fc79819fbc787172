package coupon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

// codes are an answer for every code of every target, and what it must come to; of the give call where no other is
// named.
var codes = map[string]map[string]struct {
	body string
	want outcome
	why  Why
}{
	"4pyun": {
		"1001": {
			`{"code":"1001","data_node":"HS1-1","seqno":"86213123","payload":{"grant_serial":"g-1"},"time_cost":100,` +
				`"message":"操作成功"}`, outcomeTaken, ""},
		"1403": {`{"code":"1403","message":"重复派发"}`, outcomeRepeated, ""},
		"1002": {`{"code":"1002","message":"车辆未入场"}`, outcomeRefused, WhyNotInside},
		"1003": {`{"code":"1003","message":"优惠限制"}`, outcomeRefused, WhyLimited},
		"1401": {`{"code":"1401","message":"第三方优惠配置不存在"}`, outcomeRefused, WhyNotConfigured},
		"400": {"{\"code\":\"400\",\"message\":\"请求参数错误\",\"hint\":\"`api_type` Required!\"}", outcomeRefused,
			WhyBadRequest},
		"403":  {`{"code":"403","message":"访问被拦截"}`, outcomeRefused, WhyNotConfigured},
		"1405": {`{"code":"1405","message":"车场下发失败"}`, outcomeLater, ""},
		"503":  {`{"code":"503","message":"服务暂不可用"}`, outcomeLater, ""},
		"1500": {`{"code":"1500","message":"没有匹配到停车记录"}`, outcomeAgain, ""},
		"500":  {`{"code":"500","message":"服务器内部错误"}`, outcomeAgain, ""},
		"9999": {`{"code":"9999","message":"?"}`, outcomeUnknown, ""},
	},
	"qcyuns": {
		"0":  {`{"retCode":0,"retMsg":null,"retData":"减免成功"}`, outcomeTaken, ""},
		"-4": {`{"retCode":-4,"retMsg":"无该停车场权限","retData":null}`, outcomeRefused, WhyNotConfigured},
		"-9": {`{"retCode":-9,"retMsg":"系统异常"}`, outcomeUnknown, ""},
	},
	"tdznyun": {
		"200":  {`{"code":200,"msg":"成功"}`, outcomeTaken, ""},
		"400":  {`{"code":400,"msg":"缺失参数"}`, outcomeRefused, WhyBadRequest},
		"401":  {`{"code":401,"msg":"认证失败"}`, outcomeRefused, WhyNotConfigured},
		"402":  {`{"code":402,"msg":"非法参数"}`, outcomeRefused, WhyBadRequest},
		"404":  {`{"code":404,"msg":"请求资源不存在"}`, outcomeRefused, WhyNotConfigured},
		"4021": {`{"code":"4021","msg":"JSON格式错误"}`, outcomeRefused, WhyBadRequest},
		"6001": {`{"code":6001,"msg":"车场无响应"}`, outcomeLater, ""},
		"6003": {`{"code":6003,"msg":"未找到车辆入场记录"}`, outcomeRefused, WhyNotInside},
		"6007": {`{"code":6007,"msg":"优惠券下发失败"}`, outcomeRefused, WhyOther},
		"405":  {`{"code":405,"msg":"请求重复"}`, outcomeUnknown, ""},
		"500":  {`{"code":500,"msg":"服务器异常"}`, outcomeUnknown, ""},
	},
	"tingjiandan": {
		"T/0": {`{"returnCode":"T","returnMsg":"OK","isSuccess":"0","errorMsg":"","deductionId":"d-1"}`, outcomeTaken, ""},
		"F":   {`{"returnCode":"F","returnMsg":"sign error"}`, outcomeRefused, WhyBadRequest},
		"T/1": {`{"returnCode":"T","isSuccess":1,"errorMsg":"业务失败"}`, outcomeRefused, WhyOther},
		"T/3": {`{"returnCode":"T","isSuccess":"3","errorMsg":"已出场"}`, outcomeRefused, WhyLeft},
		"T/2": {`{"returnCode":"T","isSuccess":"2","errorMsg":"系统失败"}`, outcomeUnknown, ""},
	},
	"qcyuns lookup": {
		"0":  {`{"retCode":0,"retMsg":null,"retData":{"parkId":1316,"carInfo":{"recordId":1}}}`, outcomeTaken, ""},
		"-4": {`{"retCode":-4,"retMsg":"无该停车场权限","retData":null}`, outcomeRefused, WhyNotConfigured},
		"-9": {`{"retCode":-9,"retMsg":"系统异常"}`, outcomeUnknown, ""},
	},
	"qcyuns revoke": {
		"0":  {`{"retCode":0,"retMsg":null,"retData":"撤销成功"}`, outcomeTaken, ""},
		"-4": {`{"retCode":-4,"retMsg":"无该停车场权限","retData":null}`, outcomeRefused, WhyNotConfigured},
		"-9": {`{"retCode":-9,"retMsg":"系统异常"}`, outcomeUnknown, ""},
	},
	"qcyuns price": {
		"0":  {`{"retCode":0,"retMsg":null,"retData":{"carInfo":{"amount":5.0,"totalFee":10.0}}}`, outcomeTaken, ""},
		"-4": {`{"retCode":-4,"retMsg":"无该停车场权限","retData":null}`, outcomeRefused, WhyNotConfigured},
		"-9": {`{"retCode":-9,"retMsg":"系统异常"}`, outcomeUnknown, ""},
	},
	"qcyuns trial": {
		"0":  {`{"retCode":0,"retMsg":null,"retData":{"carInfo":{"amount":5.0,"totalFee":10.0}}}`, outcomeTaken, ""},
		"-4": {`{"retCode":-4,"retMsg":"无该停车场权限","retData":null}`, outcomeRefused, WhyNotConfigured},
		"-9": {`{"retCode":-9,"retMsg":"系统异常"}`, outcomeUnknown, ""},
	},
	"tingjiandan lookup": {
		"T/0": {`{"returnCode":"T","isSuccess":"0","tradeId":"t","accountId":"a"}`, outcomeTaken, ""},
		"F":   {`{"returnCode":"F","returnMsg":"partner error"}`, outcomeRefused, WhyNotConfigured},
		"T/1": {`{"returnCode":"T","isSuccess":1,"errorMsg":"业务失败"}`, outcomeRefused, WhyOther},
		"T/2": {`{"returnCode":"T","isSuccess":"2","errorMsg":"系统失败"}`, outcomeLater, ""},
		"T/9": {`{"returnCode":"T","isSuccess":"9"}`, outcomeUnknown, ""},
	},
	"tingjiandan price": {
		"T/0": {`{"returnCode":"T","isSuccess":"0","totalAmount":"10.00","unPayAmount":"5.00"}`, outcomeTaken, ""},
		"F":   {`{"returnCode":"F","returnMsg":"partner error"}`, outcomeRefused, WhyNotConfigured},
		"T/1": {`{"returnCode":"T","isSuccess":1,"errorMsg":"业务失败"}`, outcomeRefused, WhyOther},
		"T/2": {`{"returnCode":"T","isSuccess":"2","errorMsg":"系统失败"}`, outcomeUnknown, ""},
	},
	"keytop": {
		"0":    {`{"resCode":"0","resMsg":"成功","data":""}`, outcomeTaken, ""},
		"1":    {`{"resCode":1,"resMsg":"处理充电和优惠失败"}`, outcomeRefused, WhyOther},
		"1101": {`{"resCode":"1101","resMsg":"签名校验失败"}`, outcomeRefused, WhyNotConfigured},
		"1102": {`{"resCode":"1102","resMsg":"未授权的车场"}`, outcomeRefused, WhyNotConfigured},
		"1201": {`{"resCode":"1201","resMsg":"json解析失败"}`, outcomeRefused, WhyBadRequest},
		"9":    {`{"resCode":"9"}`, outcomeUnknown, ""},
	},
	"hongmen": {
		"0": {`{"result":0,"description":""}`, outcomeTaken, ""},
		"7": {`{"result":7,"description":"失败"}`, outcomeUnknown, ""},
	},
	"hikparking": {
		"200": {`{"code":"200","msg":"success"}`, outcomeTaken, ""},
		"500": {`{"code":"500","msg":"fail"}`, outcomeUnknown, ""},
	},
	"jieshun": {
		"0/0": {`{"code":"0","msg":"ok","biz_response":{"resultCode":0,"message":"成功"}}`, outcomeTaken, ""},
		"0":   {`{"code":"0","msg":"ok"}`, outcomeTaken, ""},
		"0/6": {`{"code":"0","msg":"ok","biz_response":{"resultCode":6,"message":"失败"}}`, outcomeUnknown, ""},
	},
}

// Every code that a profile has is tried in each call, and one that it has not.
func TestCodes(t *testing.T) {
	for _, target := range Builtin().List() {
		for _, call := range target.Calls() {
			name := strings.TrimSuffix(target.ID+" "+call.Name, " give")
			testCodes(t, name, call.Answer)
		}
	}
}

func testCodes(t *testing.T, name string, a Answer) {
	t.Helper()
	unknown := a.Bare // without a code there is none that is unknown
	for _, code := range slices.Concat(a.Taken, a.Repeated, a.Later, a.Again, slices.Collect(maps.Keys(a.Refused))) {
		if _, there := codes[name][code]; !there {
			t.Errorf("%s: no answer with code %s is tried", name, code)
		}
	}
	for code, c := range codes[name] {
		got := a.read(outbound.Response{Status: 200, Body: []byte(c.body)}, nil)
		if got.code != code || got.outcome != c.want || got.why != c.why {
			t.Errorf("%s %s: code %q, %s, %s", name, code, got.code, got.outcome, got.why)
		}
		unknown = unknown || c.want == outcomeUnknown
	}
	if !unknown {
		t.Errorf("%s: no unknown code is tried", name)
	}
}

// What no target says is no answer of any: the coupon goes out once, and whether it stands is left open.
func TestNoAnswerOfAnyTarget(t *testing.T) {
	for _, target := range Builtin().List() {
		for name, c := range map[string]struct {
			status int
			body   string
		}{
			"html": {200, "<html>ok</html>"}, "empty": {200, ""}, "half an answer": {200, `{"code":"20`},
			"redirect": {302, ""}, "no code": {200, `{"ok":true}`}, "unknown code": {200, `{"code":"77","resCode":"77",` +
				`"retCode":77,"result":77,"returnCode":"77"}`}, "a list": {200, `[{"code":"200"}]`},
		} {
			given := 0
			ch := channelFor(t, target.ID, func(r outbound.Request) (outbound.Response, error) {
				said, asked := before(r)
				if asked {
					return answering(200, said)
				}
				given++
				return answering(c.status, c.body)
			})
			m := slices.Sorted(maps.Keys(target.Methods))[0]
			if r := deliver(t, ch, m); r.Result != charge.AttemptError || !r.Sent || given != 1 {
				t.Errorf("%s, %s: %d coupons, %+v", target.ID, name, given, r)
			}
		}
	}
}

// What is no clear answer leaves open whether the coupon stands; only a safe repeat of the same coupon goes out by
// itself.
func TestBadAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		unread bool
	}{
		"html":              {200, "<html>ok</html>", true},
		"empty":             {200, "", true},
		"half an answer":    {200, `{"code":"1001","mess`, true},
		"unknown code":      {200, `{"code":"7777","message":"?"}`, true},
		"no code":           {200, `{"message":"ok"}`, true},
		"code twice":        {200, `{"code":"1001","code":"1002"}`, true},
		"another car":       {200, `{"code":"1001","plate":"粤B12345"}`, true},
		"another car below": {200, `{"code":"1001","payload":{"plate":"粤B12345"}}`, true},
		"redirect":          {302, "", true},
		"internal error":    {200, `{"code":"1500","message":"?"}`, false},
		"bad gateway":       {502, "<html>bad gateway</html>", false},
		"not found":         {404, "", false},
	} {
		ch := channelFor(t, "4pyun", func(outbound.Request) (outbound.Response, error) { return answering(c.status, c.body) })
		r := deliver(t, ch, charge.MethodTime)
		if r.Result != charge.AttemptError || !r.Sent || r.Unread != c.unread || r.Detail.IsZero() {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// An answer that names another coupon or car by a member of the request is no answer, however deep it stands. The same
// one or an empty one changes nothing.
func TestAnotherCoupon(t *testing.T) {
	for _, target := range Builtin().List() {
		yes := strings.TrimSuffix(codes[target.ID][target.Give.Answer.Taken[0]].body, "}")
		for name, from := range ours(target.Give.Fields) {
			ours, other, same := testUUID, "0193f5a0c0de4b6e8f00112233445567", strings.ToUpper(testUUID)
			if from != "uuid" {
				ours, other, same = "京AD06088", "粤-B12345", "京-AD06088"
			}
			for told, want := range map[string]charge.AttemptResult{
				ours: charge.AttemptAcked, same: charge.AttemptAcked, "": charge.AttemptAcked, other: charge.AttemptError,
			} {
				for _, form := range []string{`%s,"%s":"%s"}`, `%s,"more":{"list":[{"%s":"%s"}]}}`} {
					body := fmt.Sprintf(form, yes, name, told)
					ch := channelFor(t, target.ID, func(r outbound.Request) (outbound.Response, error) {
						if said, asked := before(r); asked {
							return answering(200, said)
						}
						return answering(200, body)
					})
					r := deliver(t, ch, slices.Sorted(maps.Keys(target.Methods))[0])
					if r.Result != want || want == charge.AttemptError && (!r.Sent || !r.Unread) {
						t.Errorf("%s: %s: %+v", target.ID, body, r)
					}
				}
			}
		}
	}
}

// A code counts whatever the HTTP status is.
func TestCodeBeatsStatus(t *testing.T) {
	ch := channelFor(t, "4pyun", func(outbound.Request) (outbound.Response, error) {
		return answering(500, `{"code":"1002","message":"车辆京AD06088未入场"}`)
	})
	r := deliver(t, ch, charge.MethodTime)
	if r.Result != charge.AttemptRefused || r.Detail.Code != "coupon.not_inside" ||
		strings.Contains(r.Detail.String(), "06088") {
		t.Errorf("%+v", r)
	}
}

// Failures of the wire say whether the coupon may have been given.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		sent bool
		want charge.AttemptResult
	}{
		"no connection": {&outbound.Error{Err: errors.New("refused")}, false, charge.AttemptError},
		"no answer":     {&outbound.Error{Sent: true, NoAnswer: true, Err: errors.New("late")}, true, charge.AttemptTimeout},
		"no HTTP":       {&outbound.Error{Sent: true, Err: errors.New("no HTTP")}, true, charge.AttemptError},
	} {
		ch := channelFor(t, "4pyun", func(outbound.Request) (outbound.Response, error) { return outbound.Response{}, c.err })
		if r := deliver(t, ch, charge.MethodTime); r.Result != c.want || r.Sent != c.sent {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What goes wrong before the coupon itself has given nothing.
func TestLookupGoesWrong(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		err  error
		want charge.AttemptResult
		code string
	}{
		"not inside": {`{"retCode":0,"retMsg":null,"retData":null}`, nil, charge.AttemptRefused, "coupon.not_inside"},
		"no serial": {`{"retCode":0,"retData":{"carInfo":{"recordId":null,"localId":null}}}`, nil, charge.AttemptRefused,
			"coupon.not_inside"},
		"no right":     {`{"retCode":-4,"retMsg":"无该停车场权限"}`, nil, charge.AttemptRefused, "coupon.not_configured"},
		"unknown code": {`{"retCode":-9}`, nil, charge.AttemptError, "delivery.not_sent"},
		"html":         {"<html>", nil, charge.AttemptError, "delivery.not_sent"},
		"another car": {`{"retCode":0,"retData":{"plate":"粤B12345","carInfo":{"recordId":1}}}`, nil, charge.AttemptError,
			"delivery.not_sent"},
		"another car park": {`{"retCode":0,"retData":{"parkId":1317,"carInfo":{"recordId":1}}}`, nil, charge.AttemptError,
			"delivery.not_sent"},
		"lost": {"", &outbound.Error{Sent: true, NoAnswer: true, Err: errors.New("late")}, charge.AttemptError,
			"delivery.not_sent"},
	} {
		calls := 0
		ch := channelFor(t, "qcyuns", func(outbound.Request) (outbound.Response, error) {
			calls++
			if c.err != nil {
				return outbound.Response{}, c.err
			}
			return answering(200, c.body)
		})
		if r := deliver(t, ch, charge.MethodTime); r.Result != c.want || r.Sent || r.Detail.Code != c.code || calls != 1 {
			t.Errorf("%s: %d calls, %+v", name, calls, r)
		}
	}
}

// deliver makes one try through the queue.
func deliver(t *testing.T, ch *Channel, m charge.Method) lot.Result {
	t.Helper()
	s := testSlip(m)
	payload, err := ch.Compose(lot.Notice{Lot: testLot, Message: charge.MessageCoupon, UUID: testUUID, Plate: s.Plate,
		Order:     s.Order,
		Reduction: charge.Reduction{Method: m, Minutes: s.Minutes, Amount: s.Amount}, Started: s.Started, Ended: s.Ended,
		Detail: s.Detail})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan lot.Result)
	ch.Deliver(lot.Order{Lot: testLot, Message: charge.MessageCoupon, UUID: testUUID, Payload: payload},
		func(r lot.Result) { done <- r })
	return <-done
}
