package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Config says where the server of a tour is. It must be empty: the tour brings its own estate.
type Config struct {
	HTTP       string // public listener, "127.0.0.1:8080" or with http://
	Admin      string // admin listener
	Line       string // line listener, "127.0.0.1:6789"
	AdminToken string
	// Apply puts the tour's estate in place; nil sends it to the admin API.
	Apply func(estateYAML []byte) error
	Out   io.Writer // what people read; nil: nothing
	Once  bool      // end after the tour instead of playing on until the context ends
	JSON  bool      // write the rows to Out as a JSON array, and nothing else
	Dir   string    // for the lines' store-and-forward files; empty: kept in memory
	// Console is the address to look at next, such as a set-up link; empty: the admin listener.
	Console string
}

// Row is one platform in one kind of lot.
type Row struct {
	Platform  string         `json:"platform"`
	Kind      charge.LotKind `json:"kind"`
	Message   charge.Message `json:"message"` // 3.25, 3.36, 5.14 or ledger
	State     charge.State   `json:"state"`   // used only where the lot's own book agrees
	Granted   string         `json:"granted"`
	Used      string         `json:"used"`
	LatencyMS float64        `json:"latency_ms"` // from push to acknowledgement
	Note      string         `json:"note,omitempty"`
}

// Undelivered counts the rows that did not come to their end.
func Undelivered(rows []Row) int {
	n := 0
	for _, r := range rows {
		if r.State != charge.StateUsed {
			n++
		}
	}
	return n
}

// Limits of the tour. A row takes well under a second; these are for a machine that is busy.
const (
	rowsAtOnce = 6
	rowLimit   = 25 * time.Second
	sceneLimit = 15 * time.Second
)

// tour is one run of the demo.
type tour struct {
	cfg      Config
	office   *client.Client
	keys     estateKeys
	lots     map[charge.LotID]play.Lot
	gate     *play.GateLot
	vendors  *play.VendorLot
	receiver *play.Receiver
	board    *board

	mu      sync.Mutex
	rand    *rand.Rand
	plates  map[charge.Plate]bool
	players map[string]*play.Player
	orders  int
	started time.Time
}

// Run plays every platform against every kind of lot each works with, over real sockets, then the
// scenes that a driver feels, and prints the statement. The error says what of the tour itself or of its
// scenes went wrong; rows that were not used are in the rows.
func Run(ctx context.Context, cfg Config) ([]Row, error) {
	shown := cfg.Out
	if cfg.JSON {
		shown = nil
	}
	t := &tour{
		cfg:     cfg,
		office:  client.New(cfg.Admin, cfg.AdminToken),
		keys:    inventKeys(allLots()),
		lots:    map[charge.LotID]play.Lot{},
		board:   newBoard(shown),
		rand:    rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		plates:  map[charge.Plate]bool{},
		players: map[string]*play.Player{},
		started: time.Now(),
	}
	rows := plans()
	defer t.close()
	if err := t.open(ctx, rows); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	console := cmp.Or(cfg.Console, t.office.Base+"/")
	t.board.say(fmt.Sprintf("%d platforms, %d lots, every kind of lot that each platform supports: %d rows.\n"+
		"The console, as long as this runs: %s\n", len(play.Platforms()), len(allLots()), len(rows), console))
	t.board.head()
	done := t.playAll(ctx, rows)
	used := len(done) - Undelivered(done)
	t.board.say(fmt.Sprintf("\n%d of %d rows delivered and used, each compared with the lot's own book, in %.1f s.", used,
		len(done),
		time.Since(t.started).Seconds()))
	err := errors.Join(t.scenes(ctx), t.statement(ctx))
	if cfg.JSON {
		return done, errors.Join(err, json.NewEncoder(cfg.Out).Encode(done))
	}
	if cfg.Once || err != nil {
		t.board.say("\nThe demo's server stops here. Without --once it goes on, with its console.")
		return done, err
	}
	t.board.say("\nCars and pushes keep coming until Ctrl-C. Look next at the console: " + console)
	t.playOn(ctx, rows)
	return done, err
}

// open starts the far ends and puts the estate in place.
func (t *tour) open(ctx context.Context, rows []plan) error {
	t.receiver = &play.Receiver{Keys: t.keys.platform["telaidian"]}
	if err := t.receiver.Start("127.0.0.1:0"); err != nil {
		return err
	}
	server := client.BaseURL(t.cfg.HTTP)
	api := play.NewAPILot(play.APILotConfig{Lot: apiLot, Ukey: t.keys.ukey, Server: server, Usage: true})
	if err := api.Start(); err != nil {
		return err
	}
	t.lots[apiLot] = api
	t.gate = play.NewGateLot(play.GateConfig{Lot: gateLot, Ckey: t.keys.ckey[gateLot], Server: server})
	if err := t.gate.Start(); err != nil {
		return err
	}
	t.lots[gateLot] = t.gate
	targets := map[charge.LotID]string{}
	for id, as := range map[charge.LotID]string{couponLot: "qcyuns", eventLot: "4pyun"} {
		cloud, err := play.NewCouponLot(play.CouponLotConfig{Lot: id, As: as, Keys: t.keys.target[id], Server: server})
		if err != nil {
			return err
		}
		if err := cloud.Start(); err != nil {
			return err
		}
		t.lots[id], targets[id] = cloud, cloud.Address()
	}
	if err := t.apply(ctx, t.keys.file(rows, api.Callback(), t.receiver.URL(), targets)); err != nil {
		return fmt.Errorf("applying the estate: %w", err)
	}
	for _, id := range []charge.LotID{sdkTells, sdkLot, sdkOld} {
		lot := play.NewSDKLot(play.SDKLotConfig{Lot: id, Ckey: t.keys.ckey[id], Addr: t.cfg.Line, Usage: id == sdkTells,
			Store: t.store(id)})
		if err := lot.Start(ctx); err != nil {
			return fmt.Errorf("the line of %s: %w", id, err)
		}
		t.lots[id] = lot
	}
	t.vendors = play.NewVendorLot(play.VendorLotConfig{Lot: sdkVendor, Ukey: t.keys.ukey, Ckey: t.keys.ckey[sdkVendor],
		Addr: t.cfg.Line})
	if err := t.vendors.Start(ctx); err != nil {
		return fmt.Errorf("the lines of %s: %w", sdkVendor, err)
	}
	t.lots[sdkVendor] = t.vendors
	return nil
}

// store is a line's file, or nothing where it is kept in memory.
func (t *tour) store(lot charge.LotID) string {
	if t.cfg.Dir == "" {
		return ""
	}
	return filepath.Join(t.cfg.Dir, "line-"+lot.Park+".db")
}

func (t *tour) apply(ctx context.Context, f estateFile) error {
	text, err := f.yaml()
	if err != nil {
		return err
	}
	if t.cfg.Apply != nil {
		return t.cfg.Apply(text)
	}
	return t.office.Apply(ctx, text)
}

func (t *tour) close() {
	// What is left of a tour is its server; how the far ends end does not matter.
	for _, lot := range t.lots {
		_ = lot.Stop()
	}
	if t.receiver != nil {
		_ = t.receiver.Stop()
	}
}

// playAll plays the rows a few at a time.
func (t *tour) playAll(ctx context.Context, rows []plan) []Row {
	done := make([]Row, len(rows))
	slots := make(chan struct{}, rowsAtOnce)
	var all sync.WaitGroup
	for i, p := range rows {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			done[i] = t.row(ctx, i, p)
		})
	}
	all.Wait()
	return done
}

// row plays one platform in one lot, shows how it goes, and returns what it came to.
func (t *tour) row(ctx context.Context, i int, p plan) Row {
	ctx, cancel := context.WithTimeout(ctx, rowLimit)
	defer cancel()
	l := line{plan: p, plate: t.plate(), state: "…"}
	t.board.show(i, l)
	err := t.drive(ctx, &l, func() { t.board.show(i, l) })
	if err != nil {
		l.note = err.Error()
		if l.state == string(charge.StateUsed) { // the server's word alone does not count
			l.state = string(charge.StateDelivered)
		}
	}
	t.board.done(i, l)
	return Row{p.platform, p.kind, p.message, charge.State(l.state), l.granted, l.used,
		float64(l.took.Microseconds()) / 1000, l.note}
}

// drive takes a car through: in, charge, push, reduction, out, usage, comparison.
func (t *tour) drive(ctx context.Context, l *line, changed func()) error {
	p, lot := l.plan, t.lots[l.plan.lot]
	now := time.Now()
	if _, err := lot.Enter(ctx, l.plate, t.entered()); err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	l.state = "inside"
	changed()
	_, pushed, err := t.push(ctx, p, l.plate, now)
	if err != nil {
		return err
	}
	said, err := t.office.WaitFor(ctx, l.query(), delivered)
	if said != nil {
		l.state = string(said.State)
		if said.Reduction != nil {
			l.granted = play.GrantText(charge.Reduction(*said.Reduction))
		}
	}
	if err != nil {
		return err
	}
	if l.took, err = t.acknowledged(ctx, lot, l.plate, pushed); err != nil {
		return err
	}
	changed()
	if _, err := lot.Exit(ctx, l.plate, time.Now()); err != nil {
		return fmt.Errorf("exit: %w", err)
	}
	// The book is read anew at every look: the two must come to agree, whichever hears of it first.
	var differ error
	said, err = t.office.WaitFor(ctx, l.query(), func(s *client.Charge) bool {
		differ = t.compare(ctx, lot, l.plate, s)
		return s.State == charge.StateUsed && differ == nil
	})
	if said != nil {
		l.state = string(said.State)
		if said.Usage != nil {
			l.used = play.UsedText(said.Usage.Minutes, said.Usage.Amount)
		}
	}
	if err != nil {
		return cmp.Or(differ, err)
	}
	return nil
}

func delivered(s *client.Charge) bool {
	return s.State == charge.StateDelivered || s.State == charge.StateUsed
}

// push reports one charge as its platform would and wants it taken.
func (t *tour) push(ctx context.Context, p plan, plate charge.Plate, now time.Time) (order string, e *play.Exchange,
	err error) {
	push := play.DefaultPush(now)
	push.Lot, push.Plate, push.Order = p.lot, plate, t.order(now)
	push.Start, push.End = now.Add(-2*time.Hour).Truncate(time.Second), now.Add(-40*time.Minute).Truncate(time.Second)
	push.Method, push.Minutes, push.Amount = p.asks.Method, p.asks.Minutes, p.asks.Amount
	push.Charger = chargerOf(p.lot)
	if p.platform == "xiaoju" && push.Method == "" {
		push.Method, push.Minutes = charge.MethodTime, 30
	}
	if p.message == charge.Message336 {
		push.Form = "old"
	}
	e, err = t.player(p).Send(ctx, push, play.Options{})
	if err != nil {
		return "", nil, err
	}
	if err = e.Bad; err == nil && !e.Delivered() {
		err = fmt.Errorf("refused with %s %s", e.Answer.Code, e.Answer.Text)
	}
	return push.Order, e, err
}

// acknowledged is how long it took from the push until the lot acknowledged, by the lot's own book; in a 4G
// lot until the platform was answered, which is after the reduction stands in the ledger.
func (t *tour) acknowledged(ctx context.Context, lot play.Lot, plate charge.Plate,
	pushed *play.Exchange) (time.Duration, error) {
	if lot == play.Lot(t.gate) {
		return pushed.Took, nil
	}
	row, err := bookRow(ctx, lot, plate)
	if err != nil {
		return 0, err
	}
	if row.Acked.IsZero() {
		return 0, errors.New("the lot's book knows of no acknowledgement")
	}
	return row.Acked.Sub(pushed.Sent), nil
}

// bookRow reads the one row of a plate from the lot's own listener.
func bookRow(ctx context.Context, lot play.Lot, plate charge.Plate) (play.Applied, error) {
	rows, err := play.ReadBook(ctx, lot.BookURL())
	if err != nil {
		return play.Applied{}, err
	}
	var found []play.Applied
	for _, r := range rows {
		if r.Plate == plate.Full() {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 0:
		return play.Applied{}, errors.New("the lot's book has no such reduction")
	case len(found) > 1 || found[0].Applied != 1:
		return found[0], fmt.Errorf("the lot's book has it %d times, applied %d times", len(found), found[0].Applied)
	}
	return found[0], nil
}

// compare holds what the gateway says against the lot's own book.
func (t *tour) compare(ctx context.Context, lot play.Lot, plate charge.Plate, said *client.Charge) error {
	row, err := bookRow(ctx, lot, plate)
	if err != nil {
		return err
	}
	if lot != play.Lot(t.gate) {
		given := charge.Reduction{Method: row.Method, Minutes: row.Minutes, Amount: row.Amount}
		if said.Reduction == nil || play.GrantText(charge.Reduction(*said.Reduction)) != play.GrantText(given) {
			return fmt.Errorf("the lot's book was given %s", play.GrantText(given))
		}
	}
	u := said.Usage
	switch {
	case u == nil || u.Minutes == 0 && u.Amount == 0:
		return errors.New("the gateway says nothing was used")
	case u.Minutes != 0 && u.Minutes != row.UsedMinutes, u.Amount != 0 && u.Amount != row.UsedAmount:
		return fmt.Errorf("the lot's book says %d min, %s yuan; the gateway %d min, %s yuan", row.UsedMinutes, row.UsedAmount,
			u.Minutes, u.Amount)
	}
	return nil
}

// player returns the player of a platform; 令狐 signs with the key of the lot.
func (t *tour) player(p plan) *play.Player {
	t.mu.Lock()
	defer t.mu.Unlock()
	name, keys := p.platform, t.keys.platform[p.platform]
	if p.platform == "linghu" {
		name, keys = p.platform+p.lot.String(), play.Keys{"ckey": t.keys.ckey[p.lot]}
	}
	if t.players[name] == nil {
		t.players[name] = &play.Player{BaseURL: client.BaseURL(t.cfg.HTTP), Platform: p.platform, Keys: keys,
			PathToken: t.keys.pathToken[p.platform]}
	}
	return t.players[name]
}

// entryWithin is how much longer than the others a car may have been in: no reduction is worth less for it.
const entryWithin = 9 * time.Minute

// entered is when a car came in. No two have been in equally long: a lot whose messages are all equally late would be
// taken for one with a wrong clock.
func (t *tour) entered() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Add(-play.StayLength - time.Duration(t.rand.Int64N(int64(entryWithin))))
}

// plate makes up one that the tour has not used.
func (t *tour) plate() charge.Plate {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if p := play.RandomPlate(t.rand); !t.plates[p] {
			t.plates[p] = true
			return p
		}
	}
}

func (t *tour) order(at time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders++
	return fmt.Sprintf("%s%04d", at.In(charge.Shanghai).Format("20060102150405"), t.orders)
}

// playOn keeps the console alive: a row every other second.
func (t *tour) playOn(ctx context.Context, rows []plan) {
	ticks := time.NewTicker(2 * time.Second)
	defer ticks.Stop()
	for i := len(rows); ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			t.row(ctx, i, rows[t.rand.IntN(len(rows))])
		}
	}
}

// statement prints what was promised, delivered and used today.
func (t *tour) statement(ctx context.Context) error {
	today := t.started.In(charge.Shanghai)
	lines, err := t.office.Statement(ctx, today.AddDate(0, 0, -1).Format(time.DateOnly),
		today.AddDate(0, 0, 2).Format(time.DateOnly))
	if err != nil {
		return fmt.Errorf("statement: %w", err)
	}
	t.board.say("\nThe statement of the day (also as CSV and XLSX: chargestamp statements)")
	const form = "%-10s  %-13s  %-11s  %7s  %11s  %12s  %9s  %9s  %11s  %4s"
	t.board.say(fmt.Sprintf(form, "DAY", "PLATFORM", "LOT", "CHARGES", "GRANTED MIN", "GRANTED YUAN", "DELIVERED",
		"USED MIN", "USED YUAN", "GAPS"))
	for _, l := range lines {
		t.board.say(fmt.Sprintf(form, l.Day, l.Platform, l.Lot, fmt.Sprint(l.Charges), fmt.Sprint(l.GrantedMinutes),
			l.GrantedAmount.String(),
			fmt.Sprint(l.Delivered), fmt.Sprint(l.UsedMinutes), l.UsedAmount.String(), fmt.Sprint(l.Gaps)))
	}
	t.board.say("GAPS are charges where promised and used cannot be made to agree, " +
		"such as minutes promised where the exit told yuan only.")
	if len(lines) == 0 {
		return errors.New("the statement of the day is empty")
	}
	return nil
}
