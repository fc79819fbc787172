package cec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

const (
	testKey = "teld-data-secret"
	testIV  = "fedcba0987654321"
	testSig = "SigSecret-of-teld-0000000000001"
	message = `{"StartChargeSeq":"TELD000012024","ParkID":"200461&&1313","PlateNum":"京AD06088",` +
		`"StartTime":"2024-01-01 10:00:00","EndTime":"2024-01-01 11:30:00","FreeParkingTimes":"30.00"}`
)

// mac and encrypt are written on their own: what they seal is not checked by itself.
func mac(key, text string) string {
	h := hmac.New(md5.New, []byte(key))
	h.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

func encrypt(t *testing.T, key, iv, plain string) string {
	t.Helper()
	n := aes.BlockSize - len(plain)%aes.BlockSize
	return encryptPadded(t, key, iv, plain+strings.Repeat(string(rune(n)), n))
}

func encryptPadded(t *testing.T, key, iv, padded string) string {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	out := []byte(padded)
	if iv == "ecb" {
		for i := 0; i < len(out); i += aes.BlockSize {
			block.Encrypt(out[i:], out[i:])
		}
	} else {
		cipher.NewCBCEncrypter(block, []byte(iv)).CryptBlocks(out, out)
	}
	return base64.StdEncoding.EncodeToString(out)
}

func envelopeOf(t *testing.T, data, sig string) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]string{"OperatorID": "TELD00001", "Data": data, "TimeStamp": "20240101120000",
		"Seq": "0001", "Sig": sig})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestDoctor(t *testing.T) {
	good := encrypt(t, testKey, testIV, message)
	const operator, stamp, seq = "TELD00001", "20240101120000", "0001"
	signed := func(text string) []byte { return envelopeOf(t, good, mac(testSig, text)) }
	sealed := func(data string) []byte { return envelopeOf(t, data, mac(testSig, operator+data+stamp+seq)) }
	zeros := strings.Repeat("\x00", 16-len(message)%16)
	for _, c := range []struct {
		name   string
		body   []byte
		likely string
	}{
		{"sound", sealed(good), ""},
		{"order", signed(good + operator + stamp + seq), "another order"},
		{"left out", signed(operator + good + stamp), "not all four"},
		{"names", signed("OperatorID=" + operator + "&Data=" + good + "&TimeStamp=" + stamp + "&Seq=" + seq),
			"names or separators"},
		{"plain", signed(operator + message + stamp + seq), "plain text"},
		{"url", signed(operator + url.QueryEscape(good) + stamp + seq), "URL-encoded"},
		{"url, slashes kept", signed(operator + strings.ReplaceAll(url.QueryEscape(good), "%2F", "/") + stamp + seq),
			"URL-encoded"},
		{"small letters", signed(strings.ToLower(operator + good + stamp + seq)), "other case"},
		{"capitals", signed(strings.ToUpper(operator + good + stamp + seq)), "other case"},
		{"stamp in UTC", signed(operator + good + "20240101040000" + seq), "another time zone"},
		{"stamp in unix seconds of another zone", signed(operator + good + "1704110400" + seq), "another time zone"},
		{"slashes", signed(operator + strings.ReplaceAll(good, "/", `\/`) + stamp + seq), "slashes"},
		{"line breaks", envelopeOf(t, good[:76]+"\r\n"+good[76:], mac(testSig, operator+good+stamp+seq)), "line breaks"},
		{"milliseconds", signed(operator + good + "1704081600000" + seq), "seconds against milliseconds"},
		{"seq", signed(operator + good + stamp + "1"), "without its zeros"},
		{"data_secret", envelopeOf(t, good, mac(testKey, operator+good+stamp+seq)), "data_secret in place of its sig_secret"},
		{"blank behind key", envelopeOf(t, good, mac(testSig+"\n", operator+good+stamp+seq)), "blanks around"},
		{"case of key", envelopeOf(t, good, mac(strings.ToUpper(testSig), operator+good+stamp+seq)), "other case"},
		{"plain MD5", envelopeOf(t, good, func() string {
			s := md5.Sum([]byte(operator + good + stamp + seq + testSig))
			return hex.EncodeToString(s[:])
		}()), "plain MD5"},
		{"base64", envelopeOf(t, good, func() string {
			h := hmac.New(md5.New, []byte(testSig))
			h.Write([]byte(operator + good + stamp + seq))
			return base64.StdEncoding.EncodeToString(h.Sum(nil))
		}()), "Base64"},
		{"SHA-256", envelopeOf(t, good, func() string {
			h := hmac.New(sha256.New, []byte(testSig))
			h.Write([]byte(operator + good + stamp + seq))
			return hex.EncodeToString(h.Sum(nil))
		}()), "HMAC-SHA-256"},
		{"message in place of its ciphertext",
			[]byte(`{"OperatorID":"TELD00001","Data":` + message + `,"TimeStamp":"20240101120000","Seq":"0001","Sig":"ABC"}`),
			"unencrypted"},
		{"short", envelopeOf(t, good, "ABC"), "3 characters"},
		{"another key", envelopeOf(t, good, mac("nobody's", operator+good+stamp+seq)), "no usual mistake"},
		{"swapped", sealed(encrypt(t, testIV, testKey, message)), "swapped"},
		{"key as IV", sealed(encrypt(t, testKey, testKey, message)), "used as the IV"},
		{"operator secret", sealed(encrypt(t, "OperatorSecret-of-teld-1"[:16], testIV, message)), "operator_secret in place"},
		{"another IV", sealed(encrypt(t, testKey, "another-iv-00000", message)), "IV is another"},
		{"zero padding", sealed(encryptPadded(t, testKey, testIV, message+zeros)), "zeros or blanks"},
		{"ECB", sealed(encrypt(t, testKey, "ecb", message)), "ECB"},
		{"another data key", sealed(encrypt(t, "another-data-key", testIV, message)), "data_secret is another"},
		{"cut", sealed(good[:100]), "whole number of AES blocks"},
		{"hex", sealed(hex.EncodeToString([]byte(message))), "hex"},
		{"hex of whole blocks", sealed(hex.EncodeToString([]byte(message[:96]))), "hex"},
		{"GBK", sealed(encrypt(t, testKey, testIV, strings.Replace(message, "京", "\xbe\xa9", 1))), "GBK"},
		{"end in UTC", sealed(encrypt(t, testKey, testIV,
			strings.NewReplacer("10:00:00", "02:00:00", "11:30:00", "03:59:00").Replace(message))), "UTC where Asia/Shanghai"},
		{"end ahead", sealed(encrypt(t, testKey, testIV, strings.Replace(message, "11:30:00", "19:59:00", 1))), "ahead"},
		{"not encrypted", sealed(message), "plain text"},
		{"URL alphabet", sealed(strings.NewReplacer("+", "-", "/", "_").Replace(good)), "URL alphabet"},
		{"escaped &&", sealed(encrypt(t, testKey, testIV, strings.Replace(message, "&&", "%26%26", 1))), "URL-encoded"},
		{"twice escaped &&", sealed(encrypt(t, testKey, testIV, strings.Replace(message, "&&", `\\u0026\\u0026`, 1))),
			"escaped twice"},
		{"envelope in Data", sealed(encrypt(t, testKey, testIV, string(sealed(good)))), "whole envelope again"},
		{"no envelope", []byte(message), "stands in the body as it is"},
		{"form", []byte("OperatorID=x&Data=y"), "form"},
		{"answer", []byte(`{"Ret":0,"Msg":"","Data":"","Sig":""}`), "an answer"},
		{"rubbish", []byte("%%"), "not JSON"},
	} {
		p := platform.Push{Platform: "telaidian", Route: platform.Route{Kind: platform.RouteCharge}, Body: c.body}
		a := platform.Account{ID: "teld-main",
			Keys: []platform.Keys{{keyOperator: operator, keyOperatorSecret: "OperatorSecret-of-teld-1",
				keyData: testKey, keyIV: testIV, keySig: testSig}}}
		g := builtinDialect(t, "telaidian").(platform.Doctor).Diagnose(p, a,
			time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai))
		likely := words.Note(words.English, g.Likely)
		if c.likely == "" && likely != "" || !strings.Contains(likely, c.likely) {
			t.Errorf("%s: likely %q, want …%s…", c.name, likely, c.likely)
		}
		all := strings.Join(append(words.Lines(words.English, g.Read), g.Canonical, likely), "\n")
		for _, secret := range []string{testKey, testIV, testSig, "OperatorSecret-of-teld-1", "京AD06088"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s: the diagnosis shows %q", c.name, secret)
			}
		}
	}
}

// A bare body is taken for base64 where the cipher is the seal; a form must not be.
func TestDoctorSeesAFormWhereABareBodyIsAllowed(t *testing.T) {
	a := platform.Account{Keys: []platform.Keys{{keyData: testKey, keyIV: testIV, keySig: testSig}}}
	g := builtinDialect(t,
		"guowang-jinan").(platform.Doctor).Diagnose(platform.Push{Body: []byte("OperatorID=x&Data=y&Sig=z")}, a, time.Time{})
	if !strings.Contains(words.Note(words.English, g.Likely), "form") {
		t.Errorf("likely %v", g.Likely)
	}
}

func TestDoctorClock(t *testing.T) {
	data := encrypt(t, testKey, testIV, message)
	body := envelopeOf(t, data, mac(testSig, "TELD00001"+data+"202401011200000001"))
	a := platform.Account{Keys: []platform.Keys{{keyData: testKey, keyIV: testIV, keySig: testSig}}}
	g := builtinDialect(t, "telaidian").(platform.Doctor).Diagnose(platform.Push{Body: body}, a,
		time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC))
	if !strings.Contains(words.Note(words.English, g.Likely), "UTC") {
		t.Errorf("eight hours off: %v", g.Likely)
	}
}

func builtinDialect(t testing.TB, id string) platform.Dialect {
	t.Helper()
	for _, d := range Builtin() {
		if d.Info().ID == id {
			return d
		}
	}
	t.Fatalf("no platform %s", id)
	return nil
}
