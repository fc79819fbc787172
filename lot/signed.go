package lot

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// Words that the open interface's published examples refuse with: https://www.kancloud.cn/bolink/apis/860377
const (
	RefusedSign = "签名错误"   // a wrong sign, and an unknown vendor or lot too
	RefusedLot  = "车场编号错误" // comid, park_id
)

// Signed is a message of a car park's HTTP interface, {"data":{…},"sign":"…"}, whose sign has not been looked
// at yet.
type Signed struct {
	Fields
	raw  [][]byte // what may have been signed: data as on the wire, and where that is a text its content
	sign string
}

// ReadSigned takes a body as JSON, in UTF-8 or GBK, or as JSON in Base64 the way the open interfaces wrap it.
// union_id may stand beside data instead of in it. data may be an object, or a text that holds one.
func ReadSigned(body []byte) (*Signed, error) {
	body, err := unwrap(body)
	if err != nil {
		return nil, err
	}
	body, encoding := Plain(body)
	outer, err := seal.ReadObject(body)
	if err != nil {
		return nil, fmt.Errorf("报文不是JSON对象: %w", err)
	}
	s := &Signed{}
	for _, f := range outer {
		if f.Name == "sign" && f.Kind == seal.String {
			s.sign = f.Text
		}
	}
	if s.sign == "" {
		return nil, errors.New("无效sign值")
	}
	raw, err := seal.RawMember(body, "data")
	if err != nil {
		return nil, errors.New("缺少data")
	}
	s.raw = [][]byte{raw}
	var inner string
	if json.Unmarshal(raw, &inner) == nil {
		raw = []byte(inner)
		s.raw = append(s.raw, raw)
	}
	if s.list, err = seal.ReadObject(raw); err != nil {
		return nil, errors.New("data不是JSON对象")
	}
	if encoding == "GBK" {
		for _, text := range s.raw {
			s.raw = append(s.raw, ToGBK(text))
		}
	}
	if s.Text("union_id") == "" {
		for _, f := range outer {
			if f.Name == "union_id" {
				s.list = append(s.list, f)
			}
		}
	}
	return s, nil
}

// unwrap takes a body out of its Base64, if it is in one.
func unwrap(body []byte) ([]byte, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, byteOrderMark))
	if bytes.HasPrefix(body, []byte("{")) {
		return body, nil
	}
	text := bytes.TrimRight(bytes.Join(bytes.Fields(body), nil), "=")
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("-"), []byte("+")), []byte("_"), []byte("/")) // URL-safe
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(out, text)
	if err != nil {
		return nil, errors.New("报文既不是JSON也不是Base64")
	}
	return out[:n], nil
}

// By reports whether one of the keys signed the message (S1): over data as it stands on the wire, or over data
// printed again without blanks, as Bolink's own servers do. The hex must be upper case.
func (s *Signed) By(keys ...charge.Secret) bool {
	for _, raw := range s.raw {
		compact, err := seal.CompactJSON(raw)
		for _, key := range keys {
			if key == "" {
				continue
			}
			if seal.Equal(seal.S1(raw, key), s.sign) || err == nil && seal.Equal(seal.S1(compact, key), s.sign) {
				return true
			}
		}
	}
	return false
}

// KeysAt are the keys that count at a time: the present one, and the old one until its end.
func KeysAt(key charge.Secret, old charge.OldKey, now time.Time) []charge.Secret {
	if old.Key != "" && now.Before(old.Until) {
		return []charge.Secret{key, old.Key}
	}
	return []charge.Secret{key}
}
