package play

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Receiver plays the end of 特来电 or 奥特迅 that hears what was really taken off: query_token and
// notification_park_order_consumed below any base path, as docs/platforms/telaidian.md describes it. It checks every
// signature and token, and keeps a book.
type Receiver struct {
	Keys Keys
	// Busy answers this many reports with Ret -1 before taking any.
	Busy int
	Now  func() time.Time // nil: time.Now

	mu      sync.Mutex
	tokens  []string
	reports []Report
	bad     []string // why requests were refused
	changed chan struct{}
	stall   stall
}

// Report is one usage as the platform heard it.
type Report struct {
	Order   string      `json:"StartChargeSeq"`
	Plate   string      `json:"PlateNum"`
	Left    string      `json:"LeavingTime"`
	Method  int         `json:"CalculationMethod"`
	Minutes json.Number `json:"FreeParkingTimes"`
	Yuan    json.Number `json:"FreeParkingCost"`
	Heard   int         `json:"-"` // how often it came
	At      time.Time   `json:"-"`
}

// Start listens at an address ("127.0.0.1:0").
func (r *Receiver) Start(addr string) error { return r.stall.open(addr, r) }

// Stop closes the listener.
func (r *Receiver) Stop() error { return r.stall.close() }

// URL is the base address to configure as the account's report.url.
func (r *Receiver) URL() string { return r.stall.url + "/evcs/v20191230" }

// Reports returns what was heard, one entry a charging order.
func (r *Receiver) Reports() []Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports)
}

// Refused returns why requests were refused; a good gateway leaves it empty.
func (r *Receiver) Refused() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bad)
}

// Changed is closed at the next report.
func (r *Receiver) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// ServeHTTP answers both interfaces in the platform's envelope, HTTP 200 always.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := readBody(req)
	if err != nil {
		r.answer(w, 4003, err.Error(), nil)
		return
	}
	plain, err := r.open(body)
	switch {
	case err != nil:
		r.answer(w, 4001, err.Error(), nil)
	case strings.HasSuffix(req.URL.Path, "/query_token"):
		r.grant(w, plain)
	case !strings.HasSuffix(req.URL.Path, "/notification_park_order_consumed"):
		r.answer(w, 4004, "no such interface", nil)
	case !r.holds(bearer(req.Header)):
		r.answer(w, 4002, "token失效", nil)
	default:
		r.report(w, plain)
	}
}

// open checks the five fields and the signature and decrypts Data.
func (r *Receiver) open(body []byte) ([]byte, error) {
	var e struct{ OperatorID, Data, TimeStamp, Seq, Sig string }
	if err := json.Unmarshal(body, &e); err != nil || e.Data == "" || e.TimeStamp == "" || e.Seq == "" {
		return nil, errors.New("the five fields are not all there")
	}
	if e.OperatorID != r.Keys["operator_id"] {
		return nil, errors.New("unknown operator")
	}
	if e.Sig != hmacUpper(r.Keys["sig_secret"], e.OperatorID+e.Data+e.TimeStamp+e.Seq) {
		return nil, errors.New("签名错误")
	}
	if _, err := time.ParseInLocation("20060102150405", e.TimeStamp, charge.Shanghai); err != nil {
		return nil, errors.New("TimeStamp is not yyyyMMddHHmmss")
	}
	return decrypt(r.Keys["data_secret"], r.Keys["data_secret_iv"], e.Data)
}

func (r *Receiver) grant(w http.ResponseWriter, plain []byte) {
	var q struct{ OperatorID, OperatorSecret string }
	if json.Unmarshal(plain, &q) != nil || q.OperatorSecret != r.Keys["operator_secret"] {
		r.answer(w, 0, "密钥错误", record{{"OperatorID", q.OperatorID}, {"SuccStat", whole(1)}, {"AccessToken", ""},
			{"TokenAvailableTime", whole(0)}, {"FailReason", whole(2)}})
		return
	}
	r.mu.Lock()
	token := fmt.Sprintf("played-%d-%s", len(r.tokens)+1, md5Lower(r.Keys["operator_secret"]))
	r.tokens = append(r.tokens, token)
	r.mu.Unlock()
	r.answer(w, 0, "成功", record{{"OperatorID", q.OperatorID}, {"SuccStat", whole(0)}, {"AccessToken", token},
		{"TokenAvailableTime", whole(7200)}, {"FailReason", whole(0)}})
}

func (r *Receiver) holds(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.tokens, token)
}

func (r *Receiver) report(w http.ResponseWriter, plain []byte) {
	var said Report
	if err := json.Unmarshal(plain, &said); err != nil || said.Order == "" || said.Plate == "" || said.Method < 1 ||
		said.Method > 3 {
		r.answer(w, 4004, "StartChargeSeq, PlateNum or CalculationMethod is missing", nil)
		return
	}
	if _, err := time.ParseInLocation(time.DateTime, said.Left, charge.Shanghai); err != nil {
		r.answer(w, 4004, "LeavingTime is not yyyy-MM-dd HH:mm:ss", nil)
		return
	}
	if !r.note(said) {
		r.answer(w, -1, "系统繁忙", nil)
		return
	}
	r.answer(w, 0, "成功", record{{"StartChargeSeq", said.Order}, {"ConfirmResult", whole(0)}})
}

// note books a report, unless it is time to be busy.
func (r *Receiver) note(said Report) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Busy > 0 {
		r.Busy--
		return false
	}
	said.At = time.Now()
	if r.Now != nil {
		said.At = r.Now()
	}
	i := slices.IndexFunc(r.reports, func(have Report) bool { return have.Order == said.Order })
	if i < 0 {
		r.reports = append(r.reports, said)
		i = len(r.reports) - 1
	}
	said.Heard = r.reports[i].Heard + 1
	r.reports[i] = said
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	return true
}

// answer seals an answer; a refusal carries no data.
func (r *Receiver) answer(w http.ResponseWriter, ret int64, msg string, data record) {
	sealed := ""
	if data != nil {
		var err error
		if sealed, err = encrypt(r.Keys["data_secret"], r.Keys["data_secret_iv"], data.json()); err != nil {
			ret, msg = 500, err.Error()
		}
	} else {
		r.mu.Lock()
		r.bad = append(r.bad, msg)
		r.mu.Unlock()
	}
	code := whole(ret)
	answerJSON(w, record{{"Ret", code}, {"Msg", msg}, {"Data", sealed},
		{"Sig", hmacUpper(r.Keys["sig_secret"], code.String()+msg+sealed)}})
}
