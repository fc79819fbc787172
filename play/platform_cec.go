package play

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// The envelope of T/CEC 102.4-2016: Data is AES-128-CBC in Base64, Sig an HMAC-MD5 in upper-case hex.

// buildCEC speaks 特来电, 广州中电联, 奥特迅, 达克云, and 济南国网.
func buildCEC(v voice, j job) (*Request, error) {
	p := j.push
	var r record
	switch v.id {
	case "aotexun":
		if p.Charger == "" {
			return nil, errors.New("aotexun finds the lot by the charger: a push needs a charger id")
		}
		p.ConnectorID = p.Charger
	case "dakeyun", "guowang-jinan":
		r.put("parkId", lotKey(p.Lot, "&&"))
	default:
		r.put("ParkID", lotKey(p.Lot, "&&"))
	}
	plain := cecFields(r, p).over(j.opt.Fields).json()
	data, err := encrypt(j.secret("data_secret"), j.keys["data_secret_iv"], plain)
	if err != nil {
		return nil, err
	}
	req := jsonRequest(v.path, cecEnvelope(v, j, data))
	req.Plain = plain
	if v.token != "" {
		token := j.opt.Token
		if j.opt.Break == BreakToken && j.opt.PathToken == "" {
			token = swapLast(token)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// cecFields are the names of T/CEC 102 and of 特来电's extension of it: docs/platforms/telaidian.md.
func cecFields(r record, p Push) record {
	r.put("StartChargeSeq", p.Order)
	r.put("StationID", p.StationID)
	r.put("StationName", p.StationName)
	r.put("ConnectorID", p.ConnectorID)
	r.put("ConnectorName", p.ConnectorName)
	r.put("ParkNo", p.Bay)
	r.put("PlateNum", p.Plate.Full())
	r.put("StartTime", localTime(p.Start))
	r.put("EndTime", localTime(p.End))
	r.put("Power", kwh(p.Energy))
	r.put("ElecMoney", yuan(p.Elec))
	r.put("SeviceMoney", yuan(p.Service))
	r.put("TotalMoney", yuan(p.Total))
	switch p.Method {
	case charge.MethodFree:
		r.put("CalculationMethod", whole(0))
	case charge.MethodTime:
		r.put("CalculationMethod", whole(1))
		r.put("FreeParkingTimes", json.Number(fmt.Sprintf("%d.00", p.Minutes)))
	case charge.MethodAmount:
		r.put("CalculationMethod", whole(2))
		r.put("FreeParkingCost", json.Number(p.Amount.String()))
	case charge.MethodLotDecides:
		r.put("CalculationMethod", whole(3))
	}
	return r
}

// noOrg stands in for the organisation code of 济南国网: it is signed, but no key of the platform names it.
const noOrg = "000000000"

// cecEnvelope puts Data into the five fields. 济南国网 without a signature secret sends Data alone.
func cecEnvelope(v voice, j job, data string) record {
	if v.id == "guowang-jinan" && j.keys["sig_secret"] == "" {
		return record{{"Data", data}}
	}
	operator, stamp := cmp.Or(j.keys["operator_id"], noOrg), j.at.In(charge.Shanghai).Format("20060102150405")
	seq := fmt.Sprintf("%04d", j.opt.Seq)
	sig := hmacUpper(j.keys["sig_secret"], operator+data+stamp+seq)
	if j.opt.Break == BreakSig {
		sig = swapLast(sig)
	}
	return record{{"OperatorID", operator}, {"Data", data}, {"TimeStamp", stamp}, {"Seq", seq}, {"Sig", sig}}
}

// tokenRequest asks for an access token.
func tokenRequest(v voice, keys Keys, at time.Time, o Options) (*Request, error) {
	if err := keys.need(v.id, v.keys...); err != nil {
		return nil, err
	}
	plain := record{{"OperatorID", keys["operator_id"]}, {"OperatorSecret", keys["operator_secret"]}}.json()
	data, err := encrypt(keys["data_secret"], keys["data_secret_iv"], plain)
	if err != nil {
		return nil, err
	}
	j := job{keys: keys, at: at, opt: Options{Seq: max(o.Seq, 1)}}
	req := jsonRequest(v.token, cecEnvelope(v, j, data))
	req.Plain = plain
	req.finish(Options{PathToken: o.PathToken})
	return req, nil
}

// cecAnswer is an answer's envelope.
type cecAnswer struct {
	Ret  *int
	Msg  string
	Data string
	Sig  string
}

// openCEC checks an answer's seal and decrypts it. A refusal may come unsigned and empty.
func openCEC(keys Keys, answer []byte) (cecAnswer, []byte, error) {
	var a cecAnswer
	if err := json.Unmarshal(answer, &a); err != nil || a.Ret == nil {
		return a, nil, fmt.Errorf("%w: no Ret in it", ErrAnswer)
	}
	signing := keys["sig_secret"] != ""
	want := hmacUpper(keys["sig_secret"], fmt.Sprint(*a.Ret)+a.Msg+a.Data)
	if signing && a.Sig != want && (*a.Ret == 0 || a.Sig != "") {
		return a, nil, fmt.Errorf("%w: its Sig is not the one our SigSecret gives", ErrAnswer)
	}
	if a.Data == "" {
		return a, nil, nil
	}
	plain, err := decrypt(keys["data_secret"], keys["data_secret_iv"], a.Data)
	if err != nil {
		return a, nil, fmt.Errorf("%w: its Data does not decrypt", ErrAnswer)
	}
	return a, plain, nil
}

// readCEC counts a push as delivered only when Ret and ConfirmResult are both zero, as real senders do.
func readCEC(_ voice, keys Keys, answer []byte) (Answer, error) {
	a, plain, err := openCEC(keys, answer)
	if err != nil && a.Ret != nil {
		return Answer{Code: fmt.Sprint(*a.Ret), Text: a.Msg}, err // unproven, and what support reads first
	}
	if err != nil {
		return Answer{}, err
	}
	var said struct{ ConfirmResult *int }
	if len(plain) > 0 && json.Unmarshal(plain, &said) != nil {
		return Answer{}, fmt.Errorf("%w: its Data is not JSON", ErrAnswer)
	}
	out := Answer{Code: fmt.Sprint(*a.Ret), Text: a.Msg, Plain: plain}
	if said.ConfirmResult != nil {
		out.OK = *a.Ret == 0 && *said.ConfirmResult == 0
		out.Text += fmt.Sprintf(", ConfirmResult %d", *said.ConfirmResult)
	}
	return out, nil
}

// readToken reads the answer to query_token.
func readToken(keys Keys, answer []byte) (token string, valid time.Duration, err error) {
	a, plain, err := openCEC(keys, answer)
	if err != nil {
		return "", 0, err
	}
	var said struct {
		SuccStat           int
		AccessToken        string
		TokenAvailableTime int64
		FailReason         int
	}
	if len(plain) > 0 && json.Unmarshal(plain, &said) != nil {
		return "", 0, fmt.Errorf("%w: its Data is not JSON", ErrAnswer)
	}
	if *a.Ret != 0 || said.SuccStat != 0 || said.AccessToken == "" {
		return "", 0, fmt.Errorf("%w: no token, Ret %d %s, SuccStat %d, FailReason %d", ErrRefused, *a.Ret, a.Msg,
			said.SuccStat, said.FailReason)
	}
	return said.AccessToken, time.Duration(said.TokenAvailableTime) * time.Second, nil
}

func hmacUpper(secret, text string) string {
	mac := hmac.New(md5.New, []byte(secret))
	mac.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// encrypt is AES-128-CBC with PKCS#5 padding, key and IV as raw characters, in Base64 on one line.
func encrypt(key, iv string, plain []byte) (string, error) {
	block, err := cbc(key, iv)
	if err != nil {
		return "", err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, []byte(iv)).CryptBlocks(padded, padded)
	return base64.StdEncoding.EncodeToString(padded), nil
}

func decrypt(key, iv, data string) ([]byte, error) {
	block, err := cbc(key, iv)
	if err != nil {
		return nil, err
	}
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, errors.New("not whole blocks in Base64")
	}
	cipher.NewCBCDecrypter(block, []byte(iv)).CryptBlocks(text, text)
	pad := int(text[len(text)-1])
	if pad == 0 || pad > aes.BlockSize || !bytes.Equal(text[len(text)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, errors.New("padding is wrong")
	}
	return text[:len(text)-pad], nil
}

func cbc(key, iv string) (cipher.Block, error) {
	if len(key) != aes.BlockSize || len(iv) != aes.BlockSize {
		return nil, errors.New("data_secret and data_secret_iv must have 16 characters each")
	}
	return aes.NewCipher([]byte(key))
}

// bearer is the token in an Authorization header, or nothing.
func bearer(h http.Header) string {
	token, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	return token
}
