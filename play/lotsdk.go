package play

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// SDKLotConfig describes a played SDK lot.
type SDKLotConfig struct {
	Lot      charge.LotID
	Ckey     string
	LocalID  string // default "play_1"
	Addr     string // the gateway's line listener
	BookAddr string // default "127.0.0.1:0"
	Tariff   charge.Tariff
	Usage    bool // tells 2.34 after each exit
	Careless bool // applies a repeated uuid again
	Lies     Lies
	Dir      string // for the store-and-forward file
	Log      *slog.Logger
	Now      func() time.Time
}

// SDKLot plays a car park on the long line: it tells entries and exits (2.1, 2.2), takes reductions (3.25,
// 3.36), prices and answers 3.1, and tells what was used (2.34).
type SDKLot struct {
	cfg  SDKLotConfig
	desk *desk
	book stall
	liar *liar
	line sdkLine

	mu   sync.Mutex
	noes int // refusals that are left, -1 without end
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
	l := &SDKLot{cfg: cfg, desk: newDesk(cfg.Tariff, cfg.Now())}
	if cfg.Lies.Ack == AckState0 {
		if l.noes = cfg.Lies.Times; l.noes == 0 {
			l.noes = -1
		}
	}
	return l
}

// Start opens the book and the line, and gives once the lot has logged in.
func (l *SDKLot) Start(ctx context.Context) error {
	if err := l.cfg.Lies.Validate(); err != nil {
		return err
	}
	if err := l.book.open(l.cfg.BookAddr, l.desk.book); err != nil {
		return err
	}
	addr := l.cfg.Addr
	if l.cfg.Lies.onWire() {
		var err error
		if l.liar, err = newLiar(l.cfg.Lies, l.cfg.Ckey, addr); err != nil {
			return errors.Join(err, l.Stop())
		}
		addr = l.liar.addr()
	}
	line, err := openBareLine(ctx, &bareLine{
		id: lineID{l.cfg.Lot, l.cfg.LocalID, l.cfg.Ckey}, addr: addr, take: l.take, quote: l.quote,
		acked: func(uuid string) { l.desk.acked(uuid, l.cfg.Now()) },
	})
	if err != nil {
		return errors.Join(err, l.Stop())
	}
	l.line = line
	l.cfg.Log.Info("the line is up", "lot", l.cfg.Lot)
	return nil
}

// Stop closes line and book.
func (l *SDKLot) Stop() error {
	var err error
	if l.line != nil {
		err = l.line.close()
	}
	if l.liar != nil {
		l.liar.close()
	}
	return errors.Join(err, l.book.close())
}

// BookURL is the base address of the book.
func (l *SDKLot) BookURL() string { return l.book.url }

// Book is the lot's own book.
func (l *SDKLot) Book() *Book { return l.desk.book }

// GoOffline cuts the line and keeps it off for a while; only a lot with lies on the wire can.
func (l *SDKLot) GoOffline(d time.Duration) error {
	if l.liar == nil {
		return errors.New("no liar sits on this line")
	}
	l.liar.goOff(d)
	return nil
}

func (l *SDKLot) take(n notice) error {
	log := l.cfg.Log.With("by", n.message, "plate", n.plate, "charge", n.charge, "method", n.give.Method,
		"minutes", n.give.Minutes, "amount", n.give.Amount)
	if l.refuses() {
		log.Info("reduction refused, as told to")
		return errors.New("车场拒绝")
	}
	if err := l.desk.take(n, l.cfg.Now(), l.cfg.Careless); err != nil {
		log.Info("reduction for a car that is not inside")
		return errors.New("没有在场订单")
	}
	log.Info("reduction taken")
	return nil
}

func (l *SDKLot) refuses() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.noes > 0 {
		l.noes--
		return true
	}
	return l.noes < 0
}

func (l *SDKLot) quote(order, plate string) (Bill, error) {
	p, _ := charge.ParsePlate(plate) // no plate: found by order_id, or not at all
	v, err := l.desk.inside(order, p)
	if err != nil {
		return Bill{}, errors.New("没有在场订单")
	}
	now := l.cfg.Now()
	b := l.desk.bill(v, now)
	b.Out = now
	return b, nil
}

// Enter tells 2.1 and gives the stay.
func (l *SDKLot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// Admit lets a car in without telling, as after an outage.
func (l *SDKLot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// TellEntry tells a stay's 2.1 (again): entries may come late.
func (l *SDKLot) TellEntry(ctx context.Context, v Visit) error {
	err := l.line.entry(ctx, v)
	l.cfg.Log.Info("2.1 entry", "plate", v.Plate, "order", v.OrderID, "err", err)
	return err
}

// Exit settles a stay and tells 2.2, then 2.34 for each charge where the lot does that.
func (l *SDKLot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	b, err := l.desk.leave(plate, at)
	if err != nil {
		return b, err
	}
	l.cfg.Log.Info("2.2 exit", "plate", plate, "order", b.OrderID, "gross", b.Gross, "off", b.Derate, "due", b.Due())
	if err := l.line.exit(ctx, b); err != nil {
		return b, err
	}
	for _, used := range b.Used {
		if !l.cfg.Usage || used.Charge == "" { // 3.36 names no charge
			continue
		}
		if err := l.line.usage(ctx, b.Visit, used); err != nil {
			return b, err
		}
		l.desk.told(used.ID)
	}
	return b, nil
}
