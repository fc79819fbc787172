package play

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline"
	"github.com/chargestamp/chargestamp/lotline/filestore"
)

// SDKLotConfig describes a played SDK lot.
type SDKLotConfig struct {
	Lot      charge.LotID
	Ckey     string
	LocalID  string // default "play_1"
	Addr     string // the gateway's line listener
	BookAddr string // default "127.0.0.1:0"
	Tariff   charge.Tariff
	Usage    bool   // sends 2.34 after each exit
	Careless bool   // applies a repeated uuid again
	Store    string // the line's SQLite file; empty keeps in memory
	Lies     Lies
	Beat     time.Duration // between heartbeats; 0 is lotline's own
	Log      *slog.Logger
	Now      func() time.Time
}

// SDKLot plays a car park on the long line, over package lotline: it reports entries and exits (2.1, 2.2),
// takes reductions (3.25, 3.36), prices and answers 3.1, and reports what was used (2.34).
type SDKLot struct {
	cfg    SDKLotConfig
	desk   *desk
	book   stall
	line   *lotline.Client
	turns  *turns
	closed context.CancelFunc
	ctx    context.Context

	mu    sync.Mutex
	fresh string // uuid that was just handed to take: its arrival is counted there
	lying bool   // this arrival meets a lie
	lied  int
}

// NewSDKLot makes a lot; Start connects it.
func NewSDKLot(cfg SDKLotConfig) *SDKLot {
	cfg.LocalID, cfg.BookAddr = cmp.Or(cfg.LocalID, "play_1"), cmp.Or(cfg.BookAddr, "127.0.0.1:0")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &SDKLot{cfg: cfg, desk: newDesk(cfg.Tariff, cfg.Now()), turns: newTurns(cfg.Lies.Times)}
	l.ctx, l.closed = context.WithCancel(context.Background())
	return l
}

// Start opens the book and the line, and returns once the lot has logged in.
func (l *SDKLot) Start(ctx context.Context) error {
	if err := l.cfg.Lies.Validate(); err != nil {
		return err
	}
	if err := l.book.open(l.cfg.BookAddr, l.desk.book); err != nil {
		return err
	}
	var store lotline.Store
	if l.cfg.Store != "" {
		var err error
		if store, err = filestore.Open(l.cfg.Store); err != nil {
			return errors.Join(err, l.Stop())
		}
	}
	line, err := lotline.New(lotline.Config{
		Addr: l.cfg.Addr, UnionID: l.cfg.Lot.Union, ParkID: l.cfg.Lot.Park, LocalID: l.cfg.LocalID, Key: l.cfg.Ckey,
		Store: store, Beat: l.cfg.Beat, Logger: l.cfg.Log, OnReduction: l.reduce, OnPrice: l.price,
		Hooks: &lotline.Hooks{Applied: l.arrived, Acks: l.acks},
	})
	if err != nil {
		return errors.Join(err, l.Stop())
	}
	l.mu.Lock()
	l.line = line
	l.mu.Unlock()
	if err := line.Online(ctx); err != nil {
		return errors.Join(err, l.Stop())
	}
	l.cfg.Log.Info("the line is up", "lot", l.cfg.Lot)
	return nil
}

// Stop closes line and book.
func (l *SDKLot) Stop() error {
	l.closed()
	var err error
	if line := l.client(); line != nil {
		err = line.Close()
	}
	return errors.Join(err, l.book.close())
}

func (l *SDKLot) client() *lotline.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line
}

// BookURL is the base address of the book.
func (l *SDKLot) BookURL() string { return l.book.url }

// Book is the lot's own book.
func (l *SDKLot) Book() *Book { return l.desk.book }

// Lied is how many reductions have met a lie.
func (l *SDKLot) Lied() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lied
}

// GoOffline cuts the line and keeps it off for a while; what is reported meanwhile goes out later.
func (l *SDKLot) GoOffline(d time.Duration) { l.client().Away(d) }

// reduce takes one reduction; lotline hands each uuid over once. The text of an error is sent to the cloud.
func (l *SDKLot) reduce(_ context.Context, r lotline.Reduction) error {
	l.mu.Lock()
	l.fresh = r.UUID
	l.mu.Unlock()
	n, err := noticeOf(r)
	if err != nil {
		return err
	}
	log := l.cfg.Log.With("by", r.Message, "plate", n.plate, "charge", n.charge, "method", n.give.Method,
		"minutes", n.give.Minutes, "amount", n.give.Amount)
	if l.cfg.Lies.Ack == AckState0 && l.turns.take() {
		l.mu.Lock()
		l.lied++
		l.mu.Unlock()
		log.Info("reduction refused, as asked for")
		return errors.New("车场拒绝")
	}
	if err := l.desk.take(n, l.cfg.Now(), l.cfg.Careless); err != nil {
		log.Info("reduction for a car that is not inside")
		return errors.New("没有在场订单")
	}
	log.Info("reduction taken")
	return nil
}

func noticeOf(r lotline.Reduction) (notice, error) {
	plate, err := charge.ParsePlate(r.CarNumber)
	if err != nil {
		return notice{}, errors.New("车牌号错误")
	}
	method, known := methodOf(int(r.Method))
	if !known {
		return notice{}, fmt.Errorf("calculation_method %d", r.Method)
	}
	return notice{
		id: r.UUID, charge: r.ChargeSeq, order: r.OrderID, plate: plate, message: charge.Message(r.Message),
		give: charge.Reduction{Method: method, Minutes: r.Minutes, Amount: charge.Fen(r.Amount)},
	}, nil
}

// arrived is called for every arrival of a reduction that was taken, repeats included; true drops the line.
func (l *SDKLot) arrived(r lotline.Reduction) bool {
	l.mu.Lock()
	again := l.fresh != r.UUID
	l.fresh = ""
	l.mu.Unlock()
	if again {
		l.desk.book.edit(r.UUID, func(row *Applied, _ bool) {
			row.Heard++
			if l.cfg.Careless {
				row.Applied++
			}
		})
	}
	lies := l.cfg.Lies
	lie := lies != (Lies{}) && lies.Ack != AckState0 && l.turns.take()
	l.mu.Lock()
	l.lying = lie
	if lie {
		l.lied++
	}
	l.mu.Unlock()
	switch {
	case !lie:
	case lies.Offline > 0:
		l.client().Away(lies.Offline)
	case lies.HalfOpen:
		l.playDead(cmp.Or(lies.Dead, 60*time.Second))
	}
	return lie && (lies.DropAfterApply || lies.Offline > 0)
}

// playDead leaves the line half open until the lot would have noticed.
func (l *SDKLot) playDead(d time.Duration) {
	line := l.client()
	line.Freeze()
	time.AfterFunc(d, func() {
		if l.ctx.Err() == nil {
			line.Drop()
			line.Thaw()
		}
	})
}

// acks are the acknowledgements of one arrival.
func (l *SDKLot) acks(r lotline.Reduction, honest lotline.Ack) []lotline.Ack {
	if honest.State != 1 {
		return []lotline.Ack{honest}
	}
	l.mu.Lock()
	lie := l.lying
	l.mu.Unlock()
	sent := []lotline.Ack{honest}
	if lie {
		sent = l.cfg.Lies.acks(honest)
	}
	for _, a := range sent {
		if a.UUID == r.UUID {
			l.desk.acked(r.UUID, l.cfg.Now().Add(a.After))
		}
	}
	return sent
}

// price answers 3.1.
func (l *SDKLot) price(_ context.Context, q lotline.PriceQuery) (lotline.Price, error) {
	plate, _ := charge.ParsePlate(q.CarNumber) // no plate: found by order_id, or not at all
	v, err := l.desk.inside(q.OrderID, plate)
	if err != nil {
		return lotline.Price{}, errors.New("没有在场订单")
	}
	now := l.cfg.Now()
	b := l.desk.bill(v, now)
	return lotline.Price{
		OrderID: v.OrderID, Total: lotline.Fen(b.Gross), Price: lotline.Fen(b.Due()), DerateMoney: lotline.Fen(b.Derate),
		DerateMinutes: b.Minutes, Minutes: minutesBetween(v.In, now), LeaveMinutes: int(l.desk.tariff.LeaveMinutes),
		QueryTime: now,
	}, nil
}

// Enter sends 2.1 and returns the stay. Without a line it is sent later.
func (l *SDKLot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// Admit lets a car in without telling, as after an outage.
func (l *SDKLot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// TellEntry sends a stay's 2.1 (again): entries may come late.
func (l *SDKLot) TellEntry(ctx context.Context, v Visit) error {
	a, err := l.client().Entry(ctx, lotline.Entry{OrderID: v.OrderID, CarNumber: v.Plate.Full(), In: v.In, CarType: "小车",
		Kind: "通道扫牌", UID: "play", Channel: "A1", EmptyPlots: 20})
	return l.heard("2.1 entry", v, a, err)
}

// Exit settles a stay and sends 2.2, then 2.34 for each charge where the lot does that.
func (l *SDKLot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	b, err := l.desk.leave(plate, at)
	if err != nil {
		return b, err
	}
	e := lotline.Exit{OrderID: b.OrderID, CarNumber: plate.Full(), In: b.In, Out: at, CarType: "小车", Kind: "通道扫牌",
		UID:    "play",
		OutUID: "play", PayType: "cash", EmptyPlots: 20, Total: lotline.Fen(b.Due()), Receivable: lotline.Fen(b.Gross)}
	if len(b.Used) > 0 {
		off := lotline.Fen(b.Derate)
		e.Reduced = &off
	}
	a, err := l.client().Exit(ctx, e)
	if err := l.heard("2.2 exit", b.Visit, a, err); err != nil {
		return b, err
	}
	for _, used := range b.Used {
		if !l.cfg.Usage || used.Charge == "" { // 3.36 names no charge
			continue
		}
		if err := l.TellUsage(ctx, b.Visit, used); err != nil {
			return b, err
		}
	}
	return b, nil
}

// TellUsage sends 2.34 for one charge of a stay that has ended.
func (l *SDKLot) TellUsage(ctx context.Context, v Visit, used Applied) error {
	a, err := l.client().Usage(ctx, lotline.Usage{OrderID: v.OrderID, CarNumber: used.Plate, ChargeSeq: used.Charge,
		Method: lotline.Method(calculationOf(used.Method)), Minutes: used.UsedMinutes, Amount: lotline.Fen(used.UsedAmount),
		Out: v.Out})
	if err := l.heard("2.34 usage", v, a, err); err != nil {
		return err
	}
	l.desk.usageTaken(used.ID)
	return nil
}

// heard logs what the cloud said to an uplink; a refusal is an error.
func (l *SDKLot) heard(what string, v Visit, a lotline.Answer, err error) error {
	switch {
	case err != nil:
		return err
	case a.Kept:
		l.cfg.Log.Info(what+" kept until the line is up", "plate", v.Plate, "order", v.OrderID)
	case !a.Taken():
		return fmt.Errorf("%s: %w: %s", what, ErrRefused, a.ErrMsg)
	default:
		l.cfg.Log.Info(what, "plate", v.Plate, "order", v.OrderID)
	}
	return nil
}
