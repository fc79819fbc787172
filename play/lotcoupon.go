package play

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// How a parking system's cloud answers a coupon. What it has said of the coupon before is not changed by it.
const (
	AnswerRefused = "refused" // refuses, nothing given
	AnswerUnknown = "unknown" // grants, answers a code of no document
	AnswerHalf    = "half"    // grants, answers half of it
	AnswerOther   = "other"   // grants, answers about another coupon
	AnswerBadSign = "sign"    // says that the signature is wrong, grants nothing
	AnswerToken   = "token"   // no longer takes the token, where there are tokens; grants nothing
)

// CouponAnswers lists how a parking system's cloud can misbehave.
var CouponAnswers = []string{AnswerRefused, AnswerUnknown, AnswerHalf, AnswerOther, AnswerBadSign, AnswerToken,
	AnswerGarbage, AnswerSlow, AnswerRedirect, AnswerDrop}

// CouponLotConfig describes a car park in another parking system's cloud.
type CouponLotConfig struct {
	Lot  charge.LotID
	As   string // one of FarEnds
	Keys Keys
	// base address of the gateway's public listener; with inout_token among the keys entries and exits are reported
	Server   string
	Addr     string // where coupons are heard; default "127.0.0.1:0"
	BookAddr string // default "127.0.0.1:0"
	Tariff   charge.Tariff
	Answer   string        // one of CouponAnswers
	Code     string        // a code of the system's paper; it is answered, and nothing is granted
	Lies     int           // how many coupons are answered by Answer or Code before the cloud behaves; 0: all
	Delay    time.Duration // coupons are booked at once and answered so much later
	Strict   bool          // grants coupons to cars inside only; a lot that hears of no cars grants them to all
	Log      *slog.Logger
	Now      func() time.Time
}

// CouponLot plays a parking system's cloud with one car park.
type CouponLot struct {
	cfg CouponLotConfig
	end farEnd
	called

	mu      sync.Mutex
	lie     string // one of CouponAnswers, or sayCode and a code
	turns   *turns
	given   int
	revoked map[string]bool
}

// NewCouponLot makes a cloud; Start opens it.
func NewCouponLot(cfg CouponLotConfig) (*CouponLot, error) {
	end, known := farEnds[cfg.As]
	if !known {
		return nil, fmt.Errorf("%q is no parking system that can be played; there are %s", cfg.As,
			strings.Join(FarEnds(), ", "))
	}
	if cfg.Answer != AnswerWell && !slices.Contains(CouponAnswers, cfg.Answer) {
		return nil, fmt.Errorf("an answer cannot be %q; there are %s", cfg.Answer, strings.Join(CouponAnswers, ", "))
	}
	if cfg.Answer != AnswerWell && cfg.Code != "" {
		return nil, errors.New("one of answer and code: a coupon cannot be answered by both")
	}
	if cfg.Code != "" {
		cfg.Answer = sayCode + cfg.Code
	}
	cfg.Addr, cfg.BookAddr = cmp.Or(cfg.Addr, "127.0.0.1:0"), cmp.Or(cfg.BookAddr, "127.0.0.1:0")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	desk := newDesk(cfg.Tariff, cfg.Now())
	desk.prefix = strconv.FormatInt(cfg.Now().UnixMilli()%1e9, 10) // 七彩云 numbers its stays
	return &CouponLot{
		cfg: cfg, end: end, called: called{desk: desk}, lie: cfg.Answer, turns: newTurns(cfg.Lies),
		revoked: map[string]bool{},
	}, nil
}

// Misbehave has the next coupon answered by one of CouponAnswers.
func (l *CouponLot) Misbehave(answer string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie, l.turns = answer, newTurns(1)
}

// Say has the next coupon answered by a code of the system's paper, and not granted.
func (l *CouponLot) Say(code string) { l.Misbehave(sayCode + code) }

// Start opens both listeners.
func (l *CouponLot) Start() error {
	return l.open(l.cfg.Addr, l.serve, l.cfg.BookAddr)
}

// Address is what a lot of the estate names as its address.
func (l *CouponLot) Address() string { return l.calls.url }

func (l *CouponLot) serve(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a, err := l.end.read(l.cfg.Keys, r, body)
	if err != nil {
		l.cfg.Log.Info("a request is refused", "reason", err)
		l.answer(w, r, a, err)
		return
	}
	switch a.what {
	case needToken:
		answerJSON(w, l.end.say(a, sayTaken, Visit{}, Bill{}))
	case needLookup:
		l.look(w, a)
	case needRevoke:
		l.revoke(w, a)
	default:
		l.give(w, r, a)
	}
}

// answer refuses what cannot be read or is signed wrongly.
func (l *CouponLot) answer(w http.ResponseWriter, r *http.Request, a ask, err error) {
	if errors.Is(err, errSign) && r.Header.Get("access_token") != "" {
		http.Error(w, `{"error":"invalid_token"}`, http.StatusUnauthorized)
		return
	}
	answerJSON(w, l.end.say(a, sayBadSign, Visit{}, Bill{}))
}

func (l *CouponLot) look(w http.ResponseWriter, a ask) {
	plate, _ := charge.ParsePlate(a.plate)
	v, err := l.desk.inside("", plate)
	if err != nil && !l.cfg.Strict {
		v, err = l.desk.enter(plate, l.cfg.Now().Add(-time.Hour)), nil
	}
	if err != nil {
		answerJSON(w, l.end.say(a, sayNotInside, Visit{}, Bill{}))
		return
	}
	bill := l.desk.bill(v, l.cfg.Now(), a.trial)
	v.OrderID = strings.ReplaceAll(v.OrderID, "_", "")
	answerJSON(w, l.end.say(a, sayTaken, v, bill))
}

// revoke takes a coupon out of the book, unless the car has left with it.
func (l *CouponLot) revoke(w http.ResponseWriter, a ask) {
	what := sayRefused
	l.desk.book.edit(a.id, func(row *Applied, fresh bool) {
		if !fresh && row.Left.IsZero() && row.Applied > 0 {
			row.Applied, what = 0, sayTaken
		}
	})
	l.mu.Lock()
	if what == sayTaken {
		l.revoked[a.id] = true
	}
	l.mu.Unlock()
	l.cfg.Log.Info("coupon taken back", "id", a.id, "answer", what)
	answerJSON(w, l.end.say(a, what, Visit{}, Bill{}))
}

// give books a coupon. A system whose coupons have no number grants another one for a repeat.
func (l *CouponLot) give(w http.ResponseWriter, r *http.Request, a ask) {
	l.mu.Lock()
	lie := l.lie
	if lie != AnswerWell && !l.turns.take() {
		lie = AnswerWell
	}
	l.mu.Unlock()
	if l.refuse(w, r, a, lie) {
		return
	}
	what := l.take(r, a)
	l.cfg.Log.Info("coupon", "plate", a.plate, "id", a.id, "method", a.give.Method, "minutes", a.give.Minutes, "amount",
		a.give.Amount, "answer", cmp.Or(lie, what))
	select {
	case <-time.After(l.cfg.Delay):
	case <-r.Context().Done():
	}
	if lie == AnswerSlow {
		select {
		case <-time.After(slowAnswer):
		case <-r.Context().Done():
			return
		}
	}
	l.answerBooked(w, a, lie, what)
}

// refuse answers a coupon that is not booked. It reports false where the lie is another one.
func (l *CouponLot) refuse(w http.ResponseWriter, r *http.Request, a ask, lie string) bool {
	say := func(what string) { answerJSON(w, l.end.say(a, what, Visit{}, Bill{})) }
	switch {
	case lie == AnswerRedirect:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	case lie == AnswerRefused:
		say(sayRefused)
	case lie == AnswerBadSign:
		say(sayBadSign)
	case lie == AnswerToken:
		http.Error(w, `{"error":"invalid_token"}`, http.StatusUnauthorized)
	case strings.HasPrefix(lie, sayCode):
		say(lie)
	default:
		return false
	}
	return true
}

// answerBooked answers a coupon that is booked: with what came of it, or by a lie.
func (l *CouponLot) answerBooked(w http.ResponseWriter, a ask, lie, what string) {
	well := l.end.say(a, what, Visit{}, Bill{})
	switch lie {
	case AnswerDrop:
		panic(http.ErrAbortHandler)
	case AnswerGarbage:
		io.WriteString(w, "<html>oops</html>")
	case AnswerHalf:
		text := well.json()
		w.Write(text[:len(text)/2])
	case AnswerUnknown:
		answerJSON(w, l.end.say(a, sayUnknown, Visit{}, Bill{}))
	case AnswerOther:
		other := "another-1"
		if !l.end.knows {
			other = "粤B00001"
		}
		answerJSON(w, append(well, Field{l.end.names, other}))
	default:
		answerJSON(w, well)
	}
}

// take books one coupon and says what the system answers.
func (l *CouponLot) take(r *http.Request, a ask) string {
	plate, err := charge.ParsePlate(a.plate)
	if err != nil {
		return sayRefused
	}
	// The id of the book is the gateway's, so that books can be compared; a system without numbers does not look at it.
	n := notice{id: cmp.Or(a.id, r.Header.Get("Idempotency-Key")), plate: plate, message: charge.MessageCoupon,
		give: a.give}
	if n.id == "" {
		l.mu.Lock()
		l.given++
		n.id = fmt.Sprintf("coupon-%d", l.given)
		l.mu.Unlock()
	}
	l.mu.Lock()
	revoked := l.revoked[n.id]
	l.mu.Unlock()
	if revoked {
		return sayRefused
	}
	if _, err := l.desk.inside("", plate); err != nil && !l.cfg.Strict {
		l.desk.enter(plate, l.cfg.Now().Add(-time.Hour))
	}
	had := slices.ContainsFunc(l.desk.book.Rows(), func(row Applied) bool { return row.ID == n.id && row.Applied > 0 })
	if err := l.desk.take(n, l.cfg.Now(), !l.end.knows); err != nil {
		return sayNotInside
	}
	l.desk.acked(n.id, l.cfg.Now())
	if had && l.end.knows {
		return sayRepeated
	}
	return sayTaken
}

// Admit lets a car in without a word to the gateway.
func (l *CouponLot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// Enter lets a car in, and reports it where the system does.
func (l *CouponLot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// TellEntry sends a stay's entry (again).
func (l *CouponLot) TellEntry(ctx context.Context, v Visit) error {
	return l.tell(ctx, record{{"status", whole(0)}, {"totalFee", json.Number("0")}, {"discountType", whole(0)},
		{"discountVal", "0.0"}}, v)
}

// Exit settles a stay, and reports it where the system does.
func (l *CouponLot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	b, err := l.desk.leave(plate, at)
	if err != nil {
		return b, err
	}
	method, value := int64(0), "0.0"
	switch {
	case b.Minutes > 0:
		method, value = 1, strconv.FormatInt(b.Minutes, 10)
	case b.Derate > 0:
		method, value = 2, b.Derate.String()
	}
	return b, l.tell(ctx, record{{"status", whole(1)}, {"totalFee", json.Number(b.Gross.String())},
		{"cashFee", json.Number(b.Due().String())}, {"epayFee", json.Number("0")},
		{"discountType", whole(method)}, {"discountVal", value}, {"outTime", localTime(at)}}, b.Visit)
}

// tell sends one entry or exit of 七彩云; the other systems tell none.
func (l *CouponLot) tell(ctx context.Context, more record, v Visit) error {
	token := l.cfg.Keys["inout_token"]
	if l.cfg.Server == "" || token == "" {
		return nil
	}
	data := append(record{{"parkId", numeric(cmp.Or(l.cfg.Keys["park_id"], l.cfg.Lot.Park))},
		{"recordId", numeric(strings.ReplaceAll(v.OrderID, "_", ""))},
		{"plate", v.Plate.Full()}, {"inTime", localTime(v.In)}, {"inLaneName", "入口1"}}, more...)
	body := record{{"service", "inout"}, {"version", "V1"}, {"msgId", v.OrderID}, {"orgId", l.cfg.Keys["org_id"]},
		{"data", json.RawMessage(data.json())}}.json()
	var answer struct {
		RetCode *int
		RetMsg  string
	}
	path := "/coupon/inout/" + l.cfg.Lot.String() + "/"
	if err := post(ctx, l.cfg.Server+path+token, body, &answer); err != nil {
		return err
	}
	if answer.RetCode == nil || *answer.RetCode != 0 {
		return fmt.Errorf("%s: %w: %s", path, ErrRefused, answer.RetMsg)
	}
	return nil
}
