package play

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// How an API lot answers 5.14.
const (
	AnswerWell     = ""
	AnswerState0   = "state0"   // refuses, nothing applied
	AnswerGarbage  = "garbage"  // applies, answers HTML
	AnswerSlow     = "slow"     // applies, answers after the caller's time limit
	AnswerRedirect = "redirect" // applies nothing, sends the caller elsewhere
	AnswerDrop     = "drop"     // applies, cuts the connection: a lost acknowledgement
)

// Answers lists how an API lot can misbehave.
var Answers = []string{AnswerState0, AnswerGarbage, AnswerSlow, AnswerRedirect, AnswerDrop}

// APILotConfig describes a played API lot.
type APILotConfig struct {
	Lot      charge.LotID
	Ukey     string // the vendor's key, for both directions
	Server   string // base address of the gateway's public listener; empty: the lot reports nothing
	Addr     string // where 5.14 and 5.1 are heard; default "127.0.0.1:0"
	BookAddr string // default "127.0.0.1:0"
	Tariff   charge.Tariff
	Usage    bool   // sends 3.11 after the exits of 特来电's and 奥特迅's charges; else usage goes by the exit only
	Base64   bool   // 3.11 in Base64
	Answer   string // one of the Answer constants
	Lies     int    // how many answers are given by Answer before the lot behaves; 0: all
	Careless bool   // applies a repeated Idempotency-Key again
	Trials   bool   // takes reductions of certification's cars only: what is real gets HTTP 503 and waits for the real lot
	Log      *slog.Logger
	Now      func() time.Time
}

// APILot plays a car park whose vendor runs its own cloud: it hears by 5.14 and reports by 3.1, 3.2 and 3.11.
type APILot struct {
	cfg APILotConfig
	called
	turns *turns
}

// slowAnswer is longer than the 5 s a callback waits.
const slowAnswer = 7 * time.Second

// NewAPILot makes a lot; Start opens it.
func NewAPILot(cfg APILotConfig) *APILot {
	cfg.Addr, cfg.BookAddr = cmp.Or(cfg.Addr, "127.0.0.1:0"), cmp.Or(cfg.BookAddr, "127.0.0.1:0")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &APILot{cfg: cfg, called: called{desk: newDesk(cfg.Tariff, cfg.Now())}, turns: newTurns(cfg.Lies)}
}

// Start opens the lot's two listeners.
func (l *APILot) Start() error {
	if a := l.cfg.Answer; a != AnswerWell && !slices.Contains(Answers, a) {
		return fmt.Errorf("an answer cannot be %q; there are %s", a, strings.Join(Answers, ", "))
	}
	return l.open(l.cfg.Addr, l.serve, l.cfg.BookAddr)
}

// Callback is the address for 5.14 and 5.1; known before the first Start only where Addr names a port.
func (l *APILot) Callback() string { return l.calls.url + "/bolink" }

// callback is what comes in: 5.14 and 5.1 by service_name.
type callback struct {
	ServiceName       string  `json:"service_name"`
	ParkID            string  `json:"park_id"`
	CarNumber         string  `json:"car_number"`
	Type              int     `json:"type"`
	PlatFormID        int     `json:"plat_form_id"`
	ReduceAmount      string  `json:"reduce_amount"`
	Duration          int64   `json:"duration"`
	StartChargeSeq    string  `json:"start_charge_seq"`
	CalculationMethod *int    `json:"calculation_method"`
	OrderID           string  `json:"order_id"`
	QueryOrderNo      *string `json:"query_order_no"`
}

func (l *APILot) serve(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	data, err := openS1(body, l.cfg.Ukey)
	if err != nil {
		l.refuse(w, err.Error())
		return
	}
	var c callback
	if err := json.Unmarshal(data, &c); err != nil {
		l.refuse(w, "参数错误: "+err.Error())
		return
	}
	if c.ParkID != l.cfg.Lot.Park {
		l.refuse(w, "车场编号错误")
		return
	}
	switch c.ServiceName {
	case "pay_notice":
		l.reduce(w, r, c)
	case "query_price":
		l.price(w, c)
	default:
		l.refuse(w, "不支持的service_name")
	}
}

// reduce is 5.14.
func (l *APILot) reduce(w http.ResponseWriter, r *http.Request, c callback) {
	if p, err := charge.ParsePlate(c.CarNumber); l.cfg.Trials && (err != nil || !p.Trial()) {
		http.Error(w, "a certification run is here in place of the lot", http.StatusServiceUnavailable)
		return
	}
	lie := l.cfg.Answer
	if lie != AnswerWell && !l.turns.take() {
		lie = AnswerWell
	}
	n, err := c.notice(r.Header.Get("Idempotency-Key"))
	if err != nil {
		l.refuse(w, err.Error())
		return
	}
	switch lie {
	case AnswerState0:
		l.refuse(w, "车场拒绝")
		return
	case AnswerRedirect:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		return
	}
	if err := l.desk.take(n, l.cfg.Now(), l.cfg.Careless); err != nil {
		l.cfg.Log.Info("5.14 for a car that is not inside", "plate", n.plate, "charge", n.charge)
		l.refuse(w, "没有在场订单")
		return
	}
	l.cfg.Log.Info("5.14", "plate", n.plate, "charge", n.charge, "method", n.give.Method, "minutes", n.give.Minutes,
		"amount", n.give.Amount, "answer", cmp.Or(lie, "state1"))
	switch lie {
	case AnswerDrop:
		panic(http.ErrAbortHandler)
	case AnswerGarbage:
		io.WriteString(w, "<html>oops</html>")
		return
	case AnswerSlow:
		select {
		case <-time.After(slowAnswer):
		case <-r.Context().Done():
			return
		}
	}
	l.desk.acked(n.id, l.cfg.Now())
	answerJSON(w, record{{"state", whole(1)}, {"errmsg", "成功"}})
}

// notice reads the charge block. Without an Idempotency-Key the charge's number stands in.
func (c callback) notice(key string) (notice, error) {
	if c.Type != 3 {
		return notice{}, fmt.Errorf("type %d is no charging order", c.Type)
	}
	plate, err := charge.ParsePlate(c.CarNumber)
	if err != nil {
		return notice{}, errors.New("车牌号错误")
	}
	n := notice{id: cmp.Or(key, c.StartChargeSeq), charge: c.StartChargeSeq, plate: plate, message: charge.Message514,
		formID: c.PlatFormID}
	if n.id == "" {
		return n, errors.New("neither Idempotency-Key nor start_charge_seq")
	}
	n.give, err = giveOf(c.CalculationMethod, c.Duration, c.ReduceAmount)
	return n, err
}

// giveOf reads what a message grants. Without calculation_method the values tell.
func giveOf(calculation *int, minutes int64, amount string) (charge.Reduction, error) {
	give := charge.Reduction{Minutes: minutes}
	if amount != "" {
		yuan, err := charge.ParseFen(amount)
		if err != nil {
			return give, fmt.Errorf("reduce_amount: %w", err)
		}
		give.Amount = yuan
	}
	switch {
	case calculation != nil:
		m, known := methodOf(*calculation)
		if !known {
			return give, fmt.Errorf("calculation_method %d is not one of 0 to 3", *calculation)
		}
		give.Method = m
	case minutes > 0:
		give.Method = charge.MethodTime
	case give.Amount > 0:
		give.Method = charge.MethodAmount
	default:
		give.Method = charge.MethodLotDecides
	}
	if give.Method == charge.MethodTime && minutes <= 0 || give.Method == charge.MethodAmount && give.Amount <= 0 {
		return give, fmt.Errorf("calculation_method %v without its value", give.Method)
	}
	return give, nil
}

// price is 5.1.
func (l *APILot) price(w http.ResponseWriter, c callback) {
	plate, _ := charge.ParsePlate(c.CarNumber) // no plate: found by order_id, or not at all
	v, err := l.desk.inside(c.OrderID, plate)
	if err != nil {
		l.refuse(w, "没有在场订单")
		return
	}
	at := l.cfg.Now()
	b := l.desk.bill(v, at)
	answer := record{
		{"state", whole(1)}, {"park_id", l.cfg.Lot.Park}, {"order_id", v.OrderID},
		{"price", b.Due().String()}, {"total", b.Gross.String()},
		{"derate_money", json.Number(b.Derate.String())}, {"derate_duration", whole(b.Minutes)},
		{"duration", whole(minutesBetween(v.In, at))}, {"query_time", whole(at.Unix())},
		{"free_out_time", whole(l.desk.tariff.LeaveMinutes)},
	}
	if c.QueryOrderNo != nil {
		answer.put("query_order_no", *c.QueryOrderNo)
	}
	answerJSON(w, answer)
}

func (l *APILot) refuse(w http.ResponseWriter, why string) {
	answerJSON(w, record{{"state", whole(0)}, {"errmsg", why}})
}

// Enter sends 3.1 and returns the stay.
func (l *APILot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// TellEntry sends a stay's 3.1 (again): entries may come late.
func (l *APILot) TellEntry(ctx context.Context, v Visit) error {
	return l.tell(ctx, "/unionapi/neworder/addorder", record{
		{"car_number", v.Plate.Full()}, {"in_time", whole(v.In.Unix())}, {"order_id", v.OrderID},
		{"empty_plot", whole(20)}, {"park_id", l.cfg.Lot.Park}, {"union_id", numeric(l.cfg.Lot.Union)},
	}, false)
}

// Admit lets a car in without telling, as after an outage.
func (l *APILot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// Exit settles a stay and sends 3.2, then 3.11 for each charge where the lot does that.
func (l *APILot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	b, err := l.desk.leave(plate, at)
	if err != nil {
		return b, err
	}
	exit := record{
		{"park_id", l.cfg.Lot.Park}, {"union_id", numeric(l.cfg.Lot.Union)}, {"car_number", plate.Full()},
		{"order_id", b.OrderID}, {"in_time", whole(b.In.Unix())}, {"out_time", whole(at.Unix())},
		{"pay_type", "cash"}, {"empty_plot", whole(20)}, {"total", b.Due().String()},
	}
	if len(b.Used) > 0 {
		exit = append(exit, Field{"reduce_amount", b.Derate.String()}, Field{"derate_duration", whole(b.Minutes)})
	}
	if err := l.tell(ctx, "/unionapi/neworder/updateorder", exit, false); err != nil {
		return b, err
	}
	for _, used := range b.Used {
		if !l.cfg.Usage || platformID(used.FormID) == 0 {
			continue
		}
		if err := l.TellUsage(ctx, b.Visit, used); err != nil {
			return b, err
		}
	}
	return b, nil
}

// TellUsage sends 3.11 for one charge of a stay that has ended.
func (l *APILot) TellUsage(ctx context.Context, v Visit, used Applied) error {
	usage := record{
		{"union_id", numeric(l.cfg.Lot.Union)}, {"park_id", l.cfg.Lot.Park}, {"platform_id", whole(platformID(used.FormID))},
		{"car_number", used.Plate}, {"start_charge_seq", used.Charge},
	}
	usage = append(usage, usedFields(used)...)
	usage.put("out_time", whole(v.Out.Unix()))
	err := l.tell(ctx, "/zld/openservice/uploaddurationinfo", usage, l.cfg.Base64)
	if err == nil {
		l.desk.usageTaken(used.ID)
	}
	return err
}

// platformID is 3.11's own number for a 5.14 plat_form_id: 1 特来电, 2 奥特迅, and none for the others.
func platformID(formID int) int64 {
	switch formID {
	case 4:
		return 1
	case 12:
		return 2
	}
	return 0
}

// usedFields are what 3.11 and 2.34 say of the same: method 1 names minutes, 2 yuan, 3 both.
func usedFields(used Applied) record {
	method := calculationOf(used.Method)
	r := record{{"calculation_method", whole(int64(method))}}
	if method != 2 {
		r.put("duration", whole(used.UsedMinutes))
	}
	if method != 1 {
		r.put("reduce_amount", used.UsedAmount.String())
	}
	return r
}

// tell sends one signed message and wants state 1.
func (l *APILot) tell(ctx context.Context, path string, data record, wrapped bool) error {
	if l.cfg.Server == "" {
		return nil
	}
	body := sealS1(data, l.cfg.Ukey)
	if wrapped {
		body = []byte(base64.StdEncoding.EncodeToString(body))
	}
	var answer struct {
		State  *int
		ErrMsg string
	}
	if err := post(ctx, l.cfg.Server+path, body, &answer); err != nil {
		return err
	}
	if answer.State == nil || *answer.State != 1 {
		return fmt.Errorf("%s: %w: %s", path, ErrRefused, answer.ErrMsg)
	}
	l.cfg.Log.Info("sent", "path", path, "lot", l.cfg.Lot)
	return nil
}

// ErrRefused says that the gateway answered state 0.
var ErrRefused = errors.New("refused")

// sealS1 is {"data":…,"sign":…} with scheme S1: MD5 over the text of data, "key=" and the key.
func sealS1(data record, key string) []byte {
	text := data.json()
	return record{{"data", json.RawMessage(text)}, {"sign", md5Upper(string(text) + "key=" + key)}}.json()
}

// openS1 checks an S1 envelope over the bytes of data as they stand.
func openS1(body []byte, key string) (data []byte, err error) {
	var envelope struct {
		Data json.RawMessage
		Sign string
	}
	if err := json.Unmarshal(body, &envelope); err != nil || envelope.Data == nil {
		return nil, errors.New("参数错误")
	}
	if envelope.Sign != md5Upper(string(envelope.Data)+"key="+key) {
		return nil, errors.New("签名错误")
	}
	return envelope.Data, nil
}

// numeric is an id as a number where it is one, as the API books write union_id.
func numeric(id string) any {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return json.Number(id)
	}
	return id
}

// readBody reads what was posted, 64 KiB at most.
func readBody(r *http.Request) ([]byte, error) {
	if r.Method != http.MethodPost {
		return nil, errors.New("POST a message")
	}
	return io.ReadAll(io.LimitReader(r.Body, 64<<10))
}

func answerJSON(w http.ResponseWriter, r record) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Write(r.json())
}

// post sends JSON and reads a JSON answer, in Base64 too.
func post(ctx context.Context, url string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	resp, err := plainClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", req.URL.Path, resp.Status, bytes.TrimSpace(text))
	}
	if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err == nil {
		text = plain
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s answered no JSON: %w", req.URL.Path, err)
	}
	return nil
}
