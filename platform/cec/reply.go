package cec

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

const contentType = "application/json; charset=utf-8"

// said is Ret and Msg (T/CEC 102.4, table of return values).
type said struct {
	ret int
	msg string
}

var (
	wordsOK        = said{0, "成功"}
	wordsSignature = said{4001, "签名错误"}
	wordsToken     = said{4002, "Token错误"}
	wordsEnvelope  = said{4003, "参数不合法"}
	wordsBusiness  = said{4004, "业务参数不合法"}
	wordsBusy      = said{-1, "系统繁忙，请稍后再试"}
	wordsFault     = said{500, "系统错误"}
)

// Reply answers with the codes of T/CEC 102.4, which the platforms' pages under docs/platforms list by outcome: HTTP
// 200 always. Success and what is refused behind the seal is signed with the keys that opened the push. What no sender
// has proven yet is not: anybody can name an OperatorID, and a signature over a known text would let him try keys at
// home.
func (d *dialect) Reply(_ platform.Push, a *platform.Account, v platform.Verdict) platform.Reply {
	keys := answerKeys(a, v.Message)
	w, plain := say(v)
	data := ""
	if plain != nil {
		sealed, err := seal.EncryptCBC(keys[keyData], keys[keyIV], charge.Secret(plain))
		if err != nil {
			w = wordsFault // an account without keys has opened nothing; this is a fault of ours
		} else {
			data = base64.StdEncoding.EncodeToString(sealed)
		}
	}
	if !proven(v.Outcome) {
		keys = nil
	}
	return platform.Reply{Status: http.StatusOK, Type: contentType, Body: sealAnswer(keys, w, data)}
}

// proven reports whether a push with an outcome has shown that its sender knows the keys.
func proven(o charge.Outcome) bool {
	switch o {
	case charge.OutcomeBadSignature, charge.OutcomeBadBody, charge.OutcomeTooLarge, charge.OutcomeUnknownAccount,
		charge.OutcomeWrongLock:
		return false
	}
	return true
}

// answerKeys are the keys that opened the push, else the account's current ones.
func answerKeys(a *platform.Account, m *platform.Message) platform.Keys {
	if a == nil || len(a.Keys) == 0 {
		return nil
	}
	if m != nil && m.Keys < len(a.Keys) {
		return a.Keys[m.Keys]
	}
	return a.Keys[0]
}

// sealAnswer signs and prints an answer. No text in it needs an escape.
func sealAnswer(keys platform.Keys, w said, data string) []byte {
	sig := ""
	if secret := keys[keySig]; secret != "" {
		text := make([]byte, 0, 64+len(data))
		text = strconv.AppendInt(text, int64(w.ret), 10)
		text = append(text, w.msg...)
		sig = seal.HMACMD5Upper(secret, append(text, data...))
	}
	body := make([]byte, 0, 128+len(data))
	body = strconv.AppendInt(append(body, `{"Ret":`...), int64(w.ret), 10)
	body = append(append(body, `,"Msg":"`...), w.msg...)
	body = append(append(body, `","Data":"`...), data...)
	body = append(append(body, `","Sig":"`...), sig...)
	return append(body, `"}`...)
}

// say returns Ret, Msg and the plain Data of an answer; nil is no Data.
func say(v platform.Verdict) (said, []byte) {
	switch v.Outcome {
	case charge.OutcomeAccepted, charge.OutcomeDuplicate:
		return wordsOK, confirm(v.Message, true)
	case charge.OutcomeQuestion:
		if v.Message == nil || v.Message.Question == nil || v.Message.Question.Token == nil {
			return wordsFault, nil
		}
		return wordsOK, grant(v.Message.Question.Token)
	case charge.OutcomeUnknownLot, charge.OutcomeLotOff, charge.OutcomeNotBound:
		return wordsOK, confirm(v.Message, false)
	case charge.OutcomeBadField:
		if v.Message != nil && v.Message.Charge != nil { // all was read but a plate that no lot can use
			return wordsOK, confirm(v.Message, false)
		}
		return wordsBusiness, nil
	case charge.OutcomeBadSignature:
		return wordsSignature, nil
	case charge.OutcomeBadToken:
		return wordsToken, nil
	case charge.OutcomeBadBody, charge.OutcomeTooLarge, charge.OutcomeStale:
		return wordsEnvelope, nil
	case charge.OutcomeUnknownAccount, charge.OutcomeWrongLock:
		return wordsBusiness, nil
	case charge.OutcomeBusy, charge.OutcomeRateLimited:
		return wordsBusy, nil
	}
	return wordsFault, nil
}

// confirm is 特来电's answer to a charge. "Aut" is their spelling; 6 is any failure.
func confirm(m *platform.Message, taken bool) []byte {
	order := ""
	switch {
	case m != nil && m.Charge != nil:
		order = m.Charge.Order
	case m != nil:
		order = m.Order
	}
	confirmed, plate, reason := 0, 1, 0
	if !taken {
		confirmed, plate, reason = 1, 2, 6
	}
	return profile.Object(profile.Member{Name: "StartChargeSeq", Value: order},
		profile.Member{Name: "ConfirmResult", Value: confirmed},
		profile.Member{Name: "PlateAutResult", Value: plate},
		profile.Member{Name: "PlateAutFailReason", Value: reason})
}

// grant is the answer to query_token.
func grant(q *platform.TokenQuestion) []byte {
	failed := 0
	if q.Refused != 0 {
		failed = 1
	}
	return profile.Object(profile.Member{Name: "OperatorID", Value: q.Operator},
		profile.Member{Name: "SuccStat", Value: failed},
		profile.Member{Name: "AccessToken", Value: q.Token},
		profile.Member{Name: "TokenAvailableTime", Value: int64(q.Valid.Seconds())},
		profile.Member{Name: "FailReason", Value: q.Refused})
}
