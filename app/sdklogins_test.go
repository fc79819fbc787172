package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
	"github.com/chargestamp/chargestamp/play"
)

// loginCase is a lot whose PC runs the vendor's SDK: how many reductions wait for it, over which relay, and how often
// it logs in.
type loginCase struct {
	waiting int
	batch   time.Duration
	cut     int
	logins  int
}

func (c loginCase) String() string {
	return fmt.Sprintf("%d waiting over %v in pieces of %d", c.waiting, c.batch, c.cut)
}

// testSDKLogins is a part of the matrix that TestEverySDKLogin runs whole, at a faster pace.
func testSDKLogins(t *testing.T, cfg Config) {
	t.Parallel()
	cfg.Limits.LoginPerS = 1000
	var cases []loginCase
	for _, waiting := range []int{1, 13} {
		cases = append(cases, loginCase{waiting, 0, 4096, 12}, loginCase{waiting, 5 * time.Millisecond, 1460, 12},
			loginCase{waiting, 20 * time.Millisecond, 4096, 12}, loginCase{waiting, 200 * time.Millisecond, 1460, 3})
	}
	logInWithWaiting(t, cfg, quick, cases)
}

// logInWithWaiting lets a lot of each case log in while its reductions wait: each login of its PC has to succeed. The
// fee software acknowledges nothing until the last login, so that as many wait for each; then it takes all of them.
func logInWithWaiting(t *testing.T, cfg Config, pace sdktest.Times, cases []loginCase) {
	s := serve(t, cfg)
	w := newTown()
	pcs := make([]*waitingPC, len(cases))
	for i, c := range cases {
		id := w.lot(fmt.Sprint(1001+i), charge.KindSDK, nil)
		pcs[i] = &waitingPC{loginCase: c, id: id, site: s, town: w, first: i * 500}
	}
	w.account("xiaoju", nil)
	s.apply(w.estate())
	var all sync.WaitGroup
	for _, pc := range pcs {
		all.Go(func() {
			if err := pc.run(t.Context(), pace); err != nil {
				t.Errorf("%s: %v", pc, err)
				return
			}
			t.Logf("%s: %d of %d logins, all heard %v after the last", pc, pc.logins, pc.logins,
				pc.took.Round(time.Millisecond))
		})
	}
	all.Wait()
	for _, pc := range pcs {
		eventually(t, 10*time.Second, func() string { // the last acknowledgement is on its way
			if left := s.office().charges(t, "state=sending&lot="+pc.id.String()); len(left) > 0 {
				return fmt.Sprintf("%s: %d are not delivered", pc, len(left))
			}
			return ""
		})
	}
}

// waitingPC is the PC of one case.
type waitingPC struct {
	loginCase
	*site
	town  *town
	id    charge.LotID
	first int           // number of its first plate
	took  time.Duration // from the last login to the last reduction
}

func (pc *waitingPC) run(ctx context.Context, pace sdktest.Times) error {
	relay, err := sdktest.NewRelay(pc.Addresses().Line, pc.batch, pc.cut)
	if err != nil {
		return err
	}
	defer relay.Close()
	if err := pc.push(ctx); err != nil {
		return err
	}
	for n := 1; n <= pc.logins; n++ {
		if err := pc.logIn(ctx, relay, pace, n == pc.logins); err != nil {
			return fmt.Errorf("login %d of %d: %w", n, pc.logins, err)
		}
	}
	return nil
}

// push has a platform push what will wait, each for a car of its own.
func (pc *waitingPC) push(ctx context.Context) error {
	player := pc.town.player("xiaoju", pc.Addresses().HTTP)
	for n := range pc.waiting {
		p := pushFor(pc.id, charge.Plate(fmt.Sprintf("京A%05d", pc.first+n)), "")
		e, err := player.Send(ctx, p, play.Options{})
		if err != nil {
			return err
		}
		if !e.Delivered() {
			return fmt.Errorf("push %d is answered %s", n, e.Said())
		}
	}
	return nil
}

// logIn logs the PC in once. It hangs up after the first reduction, or with takes when all have come.
func (pc *waitingPC) logIn(ctx context.Context, relay *sdktest.Relay, pace sdktest.Times, takes bool) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	heard := make(chan string, 2*pc.waiting+10)
	var sdk *sdktest.SDK
	sdk = sdktest.New(sdktest.Config{UnionID: pc.id.Union, Ukey: pc.town.ukey, ParkID: pc.id.Park, Ckey: pc.town.ckey,
		BolinkAddr: relay.Addr(), CloudAddr: relay.Addr(), LocalID: "booth", Times: pace,
		Receive: func(message []byte) {
			var m struct{ UUID string }
			_ = json.Unmarshal(message, &m) // what is torn never comes here
			if takes {
				_ = sdk.UploadData([]byte(`{"service_name":"pay_notice","data_target":"cloud","uuid":"` + m.UUID +
					`","state":1}`))
			}
			heard <- m.UUID
		}})
	defer sdk.Close()
	start := time.Now()
	if refused, err := sdk.Init(ctx); err != nil || refused != "" {
		return fmt.Errorf("init: %q, %v", refused, err)
	}
	want, uuids := 1, map[string]bool{}
	if takes {
		want = pc.waiting
	}
	for len(uuids) < want {
		select {
		case uuid := <-heard:
			uuids[uuid] = true
		case <-ctx.Done():
			return fmt.Errorf("%d of %d reductions came: %w", len(uuids), want, ctx.Err())
		}
	}
	if pc.took = time.Since(start); pc.batch <= 20*time.Millisecond && pc.took > time.Minute {
		return fmt.Errorf("all %d have come after %v", want, pc.took)
	}
	if c := sdk.Counts(); c.Torn != 0 || c.Rounds != 0 || c.Ignored != 0 {
		return fmt.Errorf("%+v", c)
	}
	return nil
}
