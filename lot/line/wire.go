package line

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// What the published server says to what it does not take (ParkingOS, netty/SensorServerHandler).
const (
	sayNoService  = "未识别到service_name标记"
	sayNoSign     = "未识别到sign标记"
	sayNoToken    = "未识别到token标记"
	sayNoPark     = "未识别到park_id标记"
	sayBadToken   = "error:token无效"
	sayBadSign    = "error:签名错误"
	sayNoLot      = "error:云平台车场不存在"
	sayNoSuchLot  = "车场不存在"
	sayLoginFails = "error:登录失败"
	saySeen       = "数据已处理过..."
	sayFlood      = "request_over_times"
	sayBadData    = "data error"
	sayInvalid    = "数据无效"
	sayBusy       = "系统繁忙,请稍后重试" // ours: nothing was stored
)

// envelope is the outside of an uplink. Data is the object that is read; signed is what may have been signed.
type envelope struct {
	service, sign, token string
	data                 []byte
	signed               [][]byte
	gbk                  bool // the frame came in GBK
}

// readEnvelope reads a frame in any form that lot.Open takes. A frame without data has an empty one.
func readEnvelope(frame []byte) (e envelope, err error) {
	frame, encoding, err := lot.Open(frame)
	if err != nil {
		return e, err
	}
	f, err := lot.ReadFields(frame)
	if err != nil {
		return e, err
	}
	e = envelope{
		service: f.Text("service_name"), sign: f.Text("sign"), token: f.Text("token"), gbk: lot.IsGBK(encoding),
	}
	if e.signed, err = lot.DataOf(frame); err == nil {
		e.data = e.signed[len(e.signed)-1]
	}
	return e, nil
}

// Keys a line may sign with: those of the cloud link are the lot's own, those of the bolink link the vendor's, which
// SDK 4 is thought to sign with since its init has no ckey any more; each with the one it replaced while that is valid.
func cloudKeys(l charge.Lot, now time.Time) []charge.Secret { return validKeys(l.Ckey, l.OldCkey, now) }

func bolinkKeys(v charge.Vendor, now time.Time) []charge.Secret {
	return validKeys(v.Ukey, v.OldUkey, now)
}

func validKeys(key charge.Secret, old charge.OldKey, now time.Time) []charge.Secret {
	keys := []charge.Secret{key, ""}
	if now.Before(old.Until) {
		keys[1] = old.Key
	}
	return slices.DeleteFunc(keys, func(k charge.Secret) bool { return k == "" })
}

// linkOfSigner is the link whose key has signed, bolink where both have one key; false where neither has.
func linkOfSigner(e envelope, l charge.Lot, v charge.Vendor, now time.Time) (charge.Link, bool) {
	switch {
	case signed(e, bolinkKeys(v, now)):
		return charge.LinkBolink, true
	case signed(e, cloudKeys(l, now)):
		return charge.LinkCloud, true
	}
	return "", false
}

// signed reports whether one of the keys signed an uplink, as lot.SignedBy does.
func signed(e envelope, keys []charge.Secret) bool {
	return lot.SignedBy(e.signed, e.gbk, e.sign, keys...)
}

// uplink is an uplink whose sender is known.
type uplink struct {
	envelope
	session *session
	fields  *lot.Fields
}

// Service names; HTTP mode has its own for entry and exit.
const (
	serviceLogin     = "login"
	serviceLogout    = "logout"
	serviceIn        = "in_park"
	serviceInHTTP    = "inpark"
	serviceOut       = "out_park"
	serviceOutHTTP   = "outpark"
	serviceOrder     = "upload_order"
	serviceUsage     = "upload_duration_info"
	serviceInPark    = "query_inpark"
	serviceNotice    = "pay_notice"
	serviceQuery     = "query_price"
	servicePass      = "pass_through"
	serviceUncounted = "other"
)

// label is the service for metrics, from a closed list.
func (u uplink) label() string {
	switch u.service {
	case serviceIn, serviceOut, serviceOrder, serviceUsage, serviceInPark, serviceNotice, serviceQuery, servicePass,
		serviceLogout:
		return u.service
	case serviceInHTTP:
		return serviceIn
	case serviceOutHTTP:
		return serviceOut
	}
	return serviceUncounted
}

// failure is a refusal that names no message.
type failure struct {
	State  int    `json:"state"`
	ErrMsg string `json:"errmsg"`
}

// reply is the answer to an uplink that is not about an order.
type reply struct {
	State       int    `json:"state"`
	ServiceName string `json:"service_name"`
	ErrMsg      string `json:"errmsg,omitempty"`
}

// answerNote is a lot's answer for the timeline, its own words quoted.
func answerNote(state string, f *lot.Fields) charge.Note {
	said := clip(f.Text("errmsg"))
	switch {
	case state == "" && said == "":
		return charge.Say("answer.no_state")
	case said == "":
		return charge.Say("answer.state", charge.Text("state", state))
	}
	return charge.Say("answer.said", charge.Text("state", state), charge.Text("said", said))
}

// clip keeps what a lot says short.
func clip(said string) string {
	const most = 200
	if short := clipTo(said, most); short != said {
		return short + "…"
	}
	return said
}

func clipTo(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}

// maxUUID is more than the ids of our messages have, in bytes.
const maxUUID = 64
