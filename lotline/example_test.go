package lotline_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"github.com/chargestamp/chargestamp/lotline"
)

// A car comes in, charges, is granted 30 minutes, and leaves.
func Example() {
	addr, stop := tinyCloud(`{"service_name":"pay_notice","comid":"1313","uuid":"5f1c","order_id":"s-1",` +
		`"car_number":"京GH0093","type":1,"duration":30,"start_charge_seq":"20260301001","calculation_method":1}`)
	defer stop()
	ctx := context.Background()

	granted := make(chan lotline.Reduction, 1)
	c, err := lotline.Dial(ctx, lotline.Config{
		Addr: addr, UnionID: "200461", ParkID: "1313", LocalID: "pc1", Key: "the lot's ckey",
		OnReduction: func(_ context.Context, r lotline.Reduction) error {
			granted <- r // take it off the price of stay r.OrderID; nil acknowledges
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()

	in := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	a, err := c.Entry(ctx, lotline.Entry{OrderID: "s-1", CarNumber: "京GH0093", In: in, Channel: "A1"})
	fmt.Println("entry taken:", a.Taken(), err)

	r := <-granted
	fmt.Printf("stay %s: %d minutes off for charge %s\n", r.OrderID, r.Minutes, r.ChargeSeq)

	out := in.Add(2 * time.Hour)
	off := lotline.Fen(250)
	a, err = c.Exit(ctx, lotline.Exit{
		OrderID: "s-1", CarNumber: "京GH0093", In: in, Out: out, PayType: "scancode",
		Total: 750, Receivable: 1000, Reduced: &off,
	})
	fmt.Println("exit taken:", a.Taken(), err)
	a, err = c.Usage(ctx, lotline.Usage{
		OrderID: "s-1", CarNumber: "京GH0093", ChargeSeq: r.ChargeSeq, Method: lotline.ByTime, Minutes: 30, Out: out,
	})
	fmt.Println("usage taken:", a.Taken(), err)
	// Output:
	// entry taken: true <nil>
	// stay s-1: 30 minutes off for charge 20260301001
	// exit taken: true <nil>
	// usage taken: true <nil>
}

// The lot reports what a stay costs when it is asked.
func ExampleConfig_onPrice() {
	addr, stop := tinyCloud(
		`{"service_name":"query_price","park_id":"1313","pay_scene":0,"car_number":"京GH0093","order_id":"s-1"}`)
	defer stop()
	asked := make(chan lotline.PriceQuery, 1)
	c, err := lotline.New(lotline.Config{
		Addr: addr, UnionID: "200461", ParkID: "1313", Key: "the lot's ckey",
		OnPrice: func(_ context.Context, q lotline.PriceQuery) (lotline.Price, error) {
			asked <- q
			return lotline.Price{Total: 1000, DerateMoney: 250, DerateMinutes: 30, Price: 750, Minutes: 120, LeaveMinutes: 15},
				nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Entry(context.Background(),
		lotline.Entry{OrderID: "s-1", CarNumber: "京GH0093", In: time.Now()}); err != nil {
		fmt.Println(err)
	}
	q := <-asked
	fmt.Printf("asked about stay %s of %s\n", q.OrderID, q.CarNumber)
	// Output:
	// asked about stay s-1 of 京GH0093
}

// While the line is down, what is reported is kept: in the Store, so that it survives a restart.
func ExampleClient_Entry_offLine() {
	c, err := lotline.New(lotline.Config{Addr: "127.0.0.1:1", UnionID: "200461", ParkID: "1313", Key: "the lot's ckey"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()
	a, err := c.Entry(context.Background(), lotline.Entry{OrderID: "s-1", CarNumber: "京GH0093", In: time.Now()})
	fmt.Println("kept:", a.Kept, err)
	// Output:
	// kept: true <nil>
}

// The sign of the SDK book's own example.
func ExampleSign() {
	data := `{"union_id":"200208","park_id":"21835","local_id":"0071cc97102b_1001_qh321_quanhao-atest1"}`
	fmt.Println(lotline.Sign([]byte(data), "8403A41ED5EF20BC"))
	// Output:
	// CB649425CB5548A375099103AB04CC1E
}

// tinyCloud takes one line, says yes to everything, and sends one message behind the first entry.
func tinyCloud(downlink string) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = nc.Close() }()
		say := func(text string) { _, _ = fmt.Fprintf(nc, "\n%s\r", text) }
		for s := bufio.NewScanner(nc); s.Scan(); {
			var m struct {
				Service string `json:"service_name"`
				Data    struct {
					OrderID string `json:"order_id"`
				} `json:"data"`
			}
			if err := json.Unmarshal(s.Bytes(), &m); err != nil {
				continue
			}
			switch m.Service {
			case "login":
				say(`{"state":1,"token":"5c1ff2d1a8fb4c2f8e0fd1f5e3a9b7d0","service_name":"login"}`)
			case "in_park":
				say(`{"state":1,"order_id":"` + m.Data.OrderID + `","service_name":"in_park","errmsg":"send success!"}`)
				say(downlink)
			case "out_park", "upload_duration_info":
				say(`{"state":1,"service_name":"` + m.Service + `"}`)
			default:
				say("") // an acknowledgement gets an empty frame
			}
		}
	}()
	return l.Addr().String(), func() { _ = l.Close() }
}
