package lot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	data [][]byte // what may have been signed: data as on the wire, and where that is a text its content
	gbk  bool
	sign string
}

// ReadSigned takes a body in any form that Open takes. union_id may stand beside data instead of in it. data may be an
// object, or a text that holds one.
func ReadSigned(body []byte) (*Signed, error) {
	body, encoding, err := Open(body)
	if err != nil {
		return nil, err
	}
	outer, err := seal.ReadObject(body)
	if err != nil {
		return nil, fmt.Errorf("报文不是JSON对象: %w", err)
	}
	s := &Signed{gbk: IsGBK(encoding)}
	for _, f := range outer {
		if f.Name == "sign" && f.Kind == seal.String {
			s.sign = f.Text
		}
	}
	if s.sign == "" {
		return nil, errors.New("无效sign值")
	}
	if s.data, err = DataOf(body); err != nil {
		return nil, errors.New("缺少data")
	}
	if s.list, err = seal.ReadObject(s.data[len(s.data)-1]); err != nil {
		return nil, errors.New("data不是JSON对象")
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

// DataOf returns the member data of a message as it stands on the wire and, where that is a text, its content after it.
func DataOf(message []byte) ([][]byte, error) {
	raw, err := seal.RawMember(message, "data")
	if err != nil {
		return nil, err
	}
	data := [][]byte{raw}
	var inner string
	if raw[0] == '"' && json.Unmarshal(raw, &inner) == nil {
		data = append(data, []byte(inner))
	}
	return data, nil
}

// By reports whether one of the keys signed the message, as SignedBy does.
func (s *Signed) By(keys ...charge.Secret) bool { return SignedBy(s.data, s.gbk, s.sign, keys...) }

// SignedBy reports whether one of the keys signed one of some texts (S1): as it stands on the wire, or printed again
// without blanks, as Bolink's own servers do, or so without its empty members, as some vendors' signers do; of one in
// GBK also its bytes in GBK. The hex must be upper case.
func SignedBy(texts [][]byte, gbk bool, sign string, keys ...charge.Secret) bool {
	by := func(text []byte) bool {
		return text != nil && slices.ContainsFunc(keys, func(key charge.Secret) bool {
			return key != "" && (seal.Equal(seal.S1(text, key), sign) || gbk && seal.Equal(seal.S1(ToGBK(text), key), sign))
		})
	}
	for _, text := range texts {
		if by(text) {
			return true
		}
	}
	for _, text := range texts {
		compact, err := seal.CompactJSON(text)
		if err != nil {
			continue
		}
		filled, _ := seal.FilledJSON(text) // it is JSON
		if by(compact) || by(filled) {
			return true
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
