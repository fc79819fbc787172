package app

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/play"
)

// couponKeys are made up, with all that a target may be given.
func couponKeys(t *testing.T, target *coupon.Target) play.Keys {
	t.Helper()
	keys := play.Keys{}
	for _, k := range target.Keys {
		switch k.Name {
		case "park_id", "store_name", "channel", "coupon_source":
		case "private_key":
			private, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKCS8PrivateKey(private)
			if err != nil {
				t.Fatal(err)
			}
			keys[k.Name] = base64.StdEncoding.EncodeToString(der)
		default:
			keys[k.Name] = k.Name + "-" + secret(12)
		}
	}
	return keys
}

// couponSite is a server, one lot of another parking system that a player plays, and an account of 特来电.
type couponSite struct {
	*site
	town *town
	id   charge.LotID
	lot  *play.CouponLot
}

func newCouponSite(t *testing.T, as string, cfg play.CouponLotConfig, fields object) *couponSite {
	t.Helper()
	c := &couponSite{site: serve(t, local(t)), town: newTown(), id: charge.LotID{Union: union, Park: "9001"}}
	c.lot = c.openCloud(c.town, c.id, as, cfg, fields)
	c.town.couponAccount()
	c.apply(c.town.estate())
	return c
}

// couponAccount adds an account of 特来电 with rules that the lots' parking systems can carry out.
func (w *town) couponAccount() {
	w.account("telaidian", object{})
	for i, l := range w.lots {
		grant := "lot_decides"
		if _, can := coupon.Builtin()[l["target"].(string)].Methods[charge.MethodTime]; can {
			grant = "charge_time"
		}
		w.bindings[i]["rule"] = object{"grant": grant}
	}
}

// openCloud adds a lot of another parking system to a town, and plays the system.
func (s *site) openCloud(w *town, id charge.LotID, as string, cfg play.CouponLotConfig, fields object) *play.CouponLot {
	s.t.Helper()
	target := coupon.Builtin()[as]
	cfg.As, cfg.Lot, cfg.Keys, cfg.Server = as, id, couponKeys(s.t, target), "http://"+s.Addresses().HTTP
	if fields["stays"] != "told" {
		delete(cfg.Keys, "inout_token")
	}
	cloud, err := play.NewCouponLot(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cloud.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = cloud.Stop() })
	o := object{"target": as, "keys": cfg.Keys, "address": cloud.Address(), "allow_to": []string{"127.0.0.1/32"}}
	for k, v := range fields {
		o[k] = v
	}
	w.lot(id.Park, charge.KindCoupon, o)
	return cloud
}

// push sends a charge and waits for where it ends.
func (c *couponSite) push(plate charge.Plate, order string, want ...charge.State) {
	c.t.Helper()
	accepted(c.t, c.town.player("telaidian", c.Addresses().HTTP), pushFor(c.id, plate, order))
	c.office().settled(c.t, order, want...)
}

// act has support act on a charge; the error is the answer.
func (c *couponSite) act(what, order string) error {
	c.t.Helper()
	found := c.office().charges(c.t, "order="+order)
	status, text, err := c.office().call(c.t.Context(), http.MethodPost, "/api/v1/charges/"+found[0].ID+"/"+what,
		[]byte(`{"reason":"test"}`))
	if err == nil && (status != http.StatusOK || bytes.Contains(text, []byte(`"allowed":false`))) {
		err = errors.New(string(text))
	}
	return err
}

func (c *couponSite) must(what, order string) {
	c.t.Helper()
	if err := c.act(what, order); err != nil {
		c.t.Fatal(err)
	}
}

// TestEveryTarget delivers a charge into each parking system, over real sockets and by what its own papers check.
func TestEveryTarget(t *testing.T) {
	for _, as := range play.FarEnds() {
		t.Run(as, func(t *testing.T) {
			c := newCouponSite(t, as, play.CouponLotConfig{}, nil)
			c.push("京AD06088", "coupon-1", charge.StateDelivered)
			rows := c.lot.Book().Rows()
			if len(rows) != 1 || rows[0].Applied != 1 || rows[0].Heard != 1 || rows[0].Plate != "京AD06088" {
				t.Errorf("the book has %+v", rows)
			}
		})
	}
	if !slices.Equal(play.FarEnds(), targetIDs()) {
		t.Errorf("played are %v, built in %v", play.FarEnds(), targetIDs())
	}
}

func targetIDs() []string {
	var ids []string
	for _, target := range coupon.Builtin().List() {
		ids = append(ids, target.ID)
	}
	return ids
}

// TestLostAnswers loses the answer to each coupon: a system that knows a repeat gets it again and returns it once, the
// others are asked once and the charge is left unknown.
func TestLostAnswers(t *testing.T) {
	for _, as := range play.FarEnds() {
		t.Run(as, func(t *testing.T) {
			c := newCouponSite(t, as, play.CouponLotConfig{Answer: play.AnswerDrop, Lies: 1}, nil)
			want := charge.StateUnknown
			c.push("京AD06088", "lost-1", want)
			rows := c.lot.Book().Rows()
			if len(rows) != 1 || rows[0].Applied != 1 {
				t.Fatalf("the book has %+v", rows)
			}
			safe := coupon.Builtin()[as].Repeat.Safe
			if safe {
				c.must("redeliver", "lost-1")
				c.office().settled(t, "lost-1", charge.StateDelivered)
			} else if err := c.act("redeliver", "lost-1"); err == nil {
				t.Error("a coupon that may stand and cannot be known again was sent again")
			}
			if rows = c.lot.Book().Rows(); len(rows) != 1 || rows[0].Applied != 1 || safe != (rows[0].Heard == 2) {
				t.Errorf("the book has %+v", rows)
			}
		})
	}
}

// TestCouponStays is the whole story with 七彩云: entry, coupon, price, exit with what was taken off, which the
// statement has and the platform is to hear.
func TestCouponStays(t *testing.T) {
	c := newCouponSite(t, "qcyuns", play.CouponLotConfig{Strict: true}, object{"stays": "told"})
	c.town.accounts[0]["report"] = object{"url": "https://platform.example/evcs"}
	c.apply(c.town.estate())
	in := time.Now().Add(-play.StayLength)
	if _, err := c.lot.Enter(t.Context(), "京AD06088", in); err != nil {
		t.Fatal(err)
	}
	c.push("京AD06088", "stay-1", charge.StateDelivered)
	if _, err := c.lot.Exit(t.Context(), "京AD06088", time.Now()); err != nil {
		t.Fatal(err)
	}
	used := c.office().settled(t, "stay-1", charge.StateUsed)
	if used.Usage == nil || used.Usage.Minutes == 0 {
		t.Fatalf("used: %+v", used.Usage)
	}
	day := time.Now().In(charge.Shanghai)
	from, to := day.AddDate(0, 0, -1).Format(time.DateOnly), day.AddDate(0, 0, 2).Format(time.DateOnly)
	rows, err := client.New(c.Addresses().Admin, adminToken).Statement(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Lot != c.id.String() || rows[0].Charges != 1 ||
		rows[0].UsedMinutes != used.Usage.Minutes {
		t.Errorf("the statement has %+v, used are %d minutes", rows, used.Usage.Minutes)
	}
	var story struct {
		Report struct{ State charge.ReportState }
	}
	c.office().must(t, http.MethodGet, "/api/v1/charges/"+used.ID, nil, &story)
	if story.Report.State != charge.ReportDue { // half a minute later it is sent, should no better usage come
		t.Errorf("the report is %s", story.Report.State)
	}
}

// TestCouponTrial asks 七彩云 what a coupon would leave of the price: nothing is given by it.
func TestCouponTrial(t *testing.T) {
	c := newCouponSite(t, "qcyuns", play.CouponLotConfig{Strict: true,
		Tariff: charge.Tariff{UnitMinutes: 60, UnitPrice: 5_00}}, object{"stays": "told"})
	if _, err := c.lot.Enter(t.Context(), "京AD06088", time.Now().Add(-150*time.Minute)); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"plate":"京AD06088"}`:                         "15.00",
		`{"plate":"京AD06088","minutes":60}`:            "10.00",
		`{"plate":"京AD06088","amount":"3.00"}`:         "12.00",
		`{"plate":"京AD06088","free":true}`:             "0.00",
		`{"plate":"京AD06088","minutes":100000}`:        "",
		`{"plate":"京AD06088","minutes":1,"free":true}`: "",
	} {
		status, text, err := c.office().call(t.Context(), http.MethodPost, "/api/v1/lots/"+c.id.String()+"/price",
			[]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(string(text), `"price":"`+want+`"`)
		if want == "" && status < 400 || want != "" && !said {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if rows := c.lot.Book().Rows(); len(rows) != 0 {
		t.Errorf("the book has %+v", rows)
	}
}

// TestCouponRevoke voids a charge whose coupon stands: the parking system takes it back first, and one that is used
// stays.
func TestCouponRevoke(t *testing.T) {
	c := newCouponSite(t, "qcyuns", play.CouponLotConfig{}, nil)
	c.push("京AD06088", "void-1", charge.StateDelivered)
	c.push("京AD06099", "void-2", charge.StateDelivered)
	c.must("void", "void-1")
	c.office().settled(t, "void-1", charge.StateVoided)
	if rows := c.lot.Book().Rows(); rows[0].Applied != 0 {
		t.Errorf("the coupon stands: %+v", rows[0])
	}
	if _, err := c.lot.Exit(t.Context(), "京AD06099", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := c.act("void", "void-2"); err == nil || !strings.Contains(err.Error(), "coupon") {
		t.Errorf("a coupon that is used was voided: %v", err)
	}
	c.office().settled(t, "void-2", charge.StateDelivered)
}

// TestCouponRevokedWhileUsed voids a charge at the moment at which its car leaves: the coupon is taken back or used,
// and the gateway says of the usage what the parking system's book says.
func TestCouponRevokedWhileUsed(t *testing.T) {
	c := newCouponSite(t, "qcyuns", play.CouponLotConfig{Strict: true}, object{"stays": "told"})
	for i := range 6 {
		plate, order := charge.Plate(fmt.Sprintf("京AD0608%d", i)), fmt.Sprintf("race-%d", i)
		if _, err := c.lot.Enter(t.Context(), plate, time.Now().Add(-play.StayLength)); err != nil {
			t.Fatal(err)
		}
		c.push(plate, order, charge.StateDelivered)
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := c.lot.Exit(t.Context(), plate, time.Now()); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() { _ = c.act("void", order) }) // whichever comes first
		both.Wait()
		said := c.office().settled(t, order, charge.StateUsed, charge.StateVoided)
		var row play.Applied
		for _, r := range c.lot.Book().Rows() {
			if r.Plate == plate.Full() {
				row = r
			}
		}
		var used int64 // a charge that is voided after its exit keeps what was taken off
		if said.Usage != nil {
			used = said.Usage.Minutes
		}
		if row.Applied > 1 || used != row.UsedMinutes || said.State == charge.StateUsed && said.Usage == nil {
			t.Errorf("%s: the gateway says %s %+v, the book %+v", order, said.State, said.Usage, row)
		}
	}
}
