package play

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
)

// VendorLotConfig describes an SDK lot whose PC runs the vendor's own SDK.
type VendorLotConfig struct {
	Lot      charge.LotID
	Ukey     string // the vendor's, for the bolink link
	Ckey     string // the lot's, for the cloud link
	LocalID  string // of init; default "play_1"
	MAC      string // which the SDK puts before it; empty is sdktest's
	Addr     string // the gateway's line listener, for both links
	BookAddr string // default "127.0.0.1:0"
	Tariff   charge.Tariff
	Usage    bool          // sends 2.34 after each exit
	Careless bool          // applies a repeated uuid again
	Times    sdktest.Times // the SDK's pace; the zero value is the real one
	Log      *slog.Logger
	Now      func() time.Time
}

// VendorLot plays a car park with the vendor's SDK before 4.0, by package sdktest: two links, entries and exits on
// both, no reassembly, store and forward by the minute.
type VendorLot struct {
	cfg  VendorLotConfig
	desk *desk
	book stall
	sdk  *sdktest.SDK
}

// NewVendorLot makes a lot; Start connects it.
func NewVendorLot(cfg VendorLotConfig) *VendorLot {
	cfg.LocalID, cfg.BookAddr = cmp.Or(cfg.LocalID, "play_1"), cmp.Or(cfg.BookAddr, "127.0.0.1:0")
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &VendorLot{cfg: cfg, desk: newDesk(cfg.Tariff, cfg.Now())}
	l.sdk = sdktest.New(sdktest.Config{
		UnionID: cfg.Lot.Union, Ukey: cfg.Ukey, ParkID: cfg.Lot.Park, Ckey: cfg.Ckey, BolinkAddr: cfg.Addr,
		CloudAddr: cfg.Addr, MAC: cfg.MAC, LocalID: cfg.LocalID, Receive: l.receive, Times: cfg.Times,
	})
	return l
}

// Start opens the book and both links. A cloud link that is refused is an error: reductions would find no answer.
func (l *VendorLot) Start(ctx context.Context) error {
	if err := l.book.open(l.cfg.BookAddr, l.desk.book); err != nil {
		return err
	}
	refused, err := l.sdk.Init(ctx)
	if err == nil && refused != "" {
		err = fmt.Errorf("the cloud link: %w: %s", ErrRefused, refused)
	}
	if err != nil {
		return errors.Join(err, l.Stop())
	}
	l.cfg.Log.Info("both links are up", "lot", l.cfg.Lot, "local_id", l.sdk.LocalID())
	return nil
}

// Stop closes both links and the book.
func (l *VendorLot) Stop() error {
	l.sdk.Close()
	return l.book.close()
}

// BookURL is the base address of the book.
func (l *VendorLot) BookURL() string { return l.book.url }

// Book is the lot's own book.
func (l *VendorLot) Book() *Book { return l.desk.book }

// Counts is what the SDK has seen: logins, torn frames, orders repeated.
func (l *VendorLot) Counts() sdktest.Counts { return l.sdk.Counts() }

// receive is the fee software's callback.
func (l *VendorLot) receive(message []byte) {
	var m struct {
		ServiceName string `json:"service_name"`
	}
	if json.Unmarshal(message, &m) != nil {
		return
	}
	var answer record
	switch m.ServiceName {
	case "pay_notice":
		answer = l.reduce(message)
	case "query_price":
		answer = l.price(message)
	default:
		return
	}
	if err := l.sdk.UploadData(answer.json()); err != nil {
		l.cfg.Log.Warn("answer not sent", "service", m.ServiceName, "error", err)
	}
}

// reduce takes a reduction and returns its acknowledgement.
func (l *VendorLot) reduce(message []byte) record {
	var p payNotice
	if err := json.Unmarshal(message, &p); err != nil {
		return ackOf(charge.Message325, p.UUID, 0, "格式错误")
	}
	n, err := p.notice()
	if err != nil {
		return ackOf(n.message, p.UUID, 0, "无法识别")
	}
	if err := l.desk.take(n, l.cfg.Now(), l.cfg.Careless); err != nil {
		l.cfg.Log.Info("reduction for a car that is not inside", "plate", n.plate)
		return ackOf(n.message, n.id, 0, "没有在场订单")
	}
	l.cfg.Log.Info("reduction taken", "by", n.message, "plate", n.plate, "charge", n.charge, "method", n.give.Method)
	l.desk.acked(n.id, l.cfg.Now())
	return ackOf(n.message, n.id, 1, "")
}

// price answers 3.1.
func (l *VendorLot) price(message []byte) record {
	var q struct {
		OrderID   string `json:"order_id"`
		CarNumber string `json:"car_number"`
	}
	_ = json.Unmarshal(message, &q) // what cannot be read names no car
	plate, _ := charge.ParsePlate(q.CarNumber)
	answer := record{{"service_name", "query_price"}, {"data_target", "bolink"}, {"park_id", l.cfg.Lot.Park}}
	v, err := l.desk.inside(q.OrderID, plate)
	if err != nil {
		return append(answer, record{{"state", whole(0)}, {"errmsg", "没有在场订单"}, {"order_id", q.OrderID}}...)
	}
	now := l.cfg.Now()
	b := l.desk.bill(v, now)
	return append(answer, record{
		{"state", whole(1)}, {"order_id", v.OrderID}, {"price", b.Due().String()}, {"total", b.Gross.String()},
		{"derate_money", b.Derate.String()}, {"derate_duration", whole(b.Minutes)},
		{"duration", whole(minutesBetween(v.In, now))},
		{"free_out_time", whole(l.desk.tariff.LeaveMinutes)}, {"query_time", whole(now.Unix())},
	}...)
}

// Enter sends 2.1 on both links and returns the stay.
func (l *VendorLot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// Admit lets a car in without telling, as after an outage.
func (l *VendorLot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// TellEntry sends a stay's 2.1 and waits until the SDK has forgotten it.
func (l *VendorLot) TellEntry(ctx context.Context, v Visit) error {
	l.sdk.In(sdktest.Entry{CarNumber: v.Plate.Full(), InTime: v.In.Unix(), CarType: "小车", Kind: "通道扫牌", UID: "play",
		OrderID: v.OrderID, EmptyPlot: 20, Channel: "A1"})
	return l.sdk.Settled(ctx, v.OrderID)
}

// Exit settles a stay and sends 2.2, then 2.34 for each charge where the lot does that.
func (l *VendorLot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	b, err := l.desk.leave(plate, at)
	if err != nil {
		return b, err
	}
	e := sdktest.Exit{CarNumber: plate.Full(), InTime: b.In.Unix(), OutTime: at.Unix(), UID: "play", OutUID: "play",
		Duration: minutesBetween(b.In, at), CarType: "小车", Kind: "通道扫牌", PayType: "cash", EmptyPlot: 20,
		Total:   b.Due().String(),
		OrderID: b.OrderID, Reduced: b.Derate.String(), Receivable: b.Gross.String(), Channel: "B1"}
	l.sdk.Out(e)
	if err := l.sdk.Settled(ctx, b.OrderID); err != nil {
		return b, err
	}
	for _, used := range b.Used {
		if !l.cfg.Usage || used.Charge == "" { // 3.36 names no charge
			continue
		}
		if err := l.tellUsage(b.Visit, used); err != nil {
			return b, err
		}
	}
	return b, nil
}

// tellUsage sends 2.34 for one charge of a stay that has ended.
func (l *VendorLot) tellUsage(v Visit, used Applied) error {
	r := record{{"service_name", "upload_duration_info"}, {"data_target", "cloud"}, {"order_id", v.OrderID},
		{"car_number", used.Plate},
		{"start_charge_seq", used.Charge}, {"calculation_method", whole(int64(calculationOf(used.Method)))}}
	if used.Method == charge.MethodTime || used.Method == charge.MethodLotDecides {
		r = append(r, Field{"duration", whole(used.UsedMinutes)})
	}
	if used.Method != charge.MethodTime {
		r = append(r, Field{"reduce_amount", used.UsedAmount.String()})
	}
	if err := l.sdk.UploadData(append(r, Field{"out_time", whole(v.Out.Unix())}).json()); err != nil {
		return err
	}
	l.desk.usageTaken(used.ID)
	return nil
}
