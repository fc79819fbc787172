package play

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// The checklist for a partner's own software: here the far end of it is played.

// theirCallback calls a partner's 5.14 and 5.1 as the gateway would.
func (x *exam) theirCallback(ctx context.Context) error {
	seq := "certify" + time.Now().In(charge.Shanghai).Format("20060102150405")
	body := sealS1(x.reduction(seq), x.cfg.Ukey)
	forged := sealS1(x.reduction(seq+"f"), otherKey(x.cfg.Ukey))
	x.check(ctx, "5.14 with a wrong sign is refused", func(ctx context.Context) (string, error) {
		return x.theirAnswer(ctx, forged, seq+"f", 0)
	})
	x.check(ctx, "5.1 answers the price of the car", func(ctx context.Context) (string, error) {
		_, text, err := x.theirPrice(ctx)
		return text, err
	})
	before, _, _ := x.theirPrice(ctx) // a partner without 5.1 has failed above; then money is not compared
	if !x.check(ctx, "5.14 is taken within 5 s",
		func(ctx context.Context) (string, error) { return x.theirAnswer(ctx, body, seq, 1) }) {
		return nil
	}
	x.check(ctx, "the same 5.14 again is taken",
		func(ctx context.Context) (string, error) { return x.theirAnswer(ctx, body, seq, 1) })
	x.check(ctx, "5.1 shows it, and shows it once", func(ctx context.Context) (string, error) {
		after, text, err := x.theirPrice(ctx)
		if err != nil {
			return "", err
		}
		if off := after - before; off != certifyMinutes {
			return "", fmt.Errorf("derate_duration grew by %d minutes, want %d: %s", off, certifyMinutes, text)
		}
		return text, nil
	})
	absent := x.reduction(seq + "a").over([]Field{{"car_number", "京ZZ9999"}})
	x.check(ctx, "5.14 for a car that is not inside is refused", func(ctx context.Context) (string, error) {
		return x.theirAnswer(ctx, sealS1(absent, x.cfg.Ukey), seq+"a", 0)
	})
	return nil
}

// certifyMinutes is what the checklist takes off in a partner's lot.
const certifyMinutes = 30

func (x *exam) reduction(seq string) record {
	now := time.Now()
	return record{
		{"service_name", "pay_notice"}, {"park_id", x.cfg.Lot.Park}, {"car_number", x.cfg.Plate.Full()}, {"type", whole(3)},
		{"plat_form_id", whole(14)},
		{"duration", whole(certifyMinutes)}, {"start_charging_time", localTime(now.Add(-time.Hour))},
		{"stop_charging_time", localTime(now)},
		{"start_charge_seq", seq}, {"calculation_method", whole(1)},
	}
}

// theirAnswer sends one callback and wants a state.
func (x *exam) theirAnswer(ctx context.Context, body []byte, key string, want int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // https://www.kancloud.cn/bolink/newapi/524039
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.cfg.Against, strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	req.Header.Set("Idempotency-Key", key)
	resp, err := plainClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return "", err
	}
	var said struct {
		State  *int
		ErrMsg string
	}
	if json.Unmarshal(text, &said) != nil || said.State == nil {
		return "", fmt.Errorf("HTTP %d and no state in it: %.100s", resp.StatusCode, text)
	}
	if *said.State != want {
		return "", fmt.Errorf("state %d %s, want %d", *said.State, said.ErrMsg, want)
	}
	return fmt.Sprintf("state %d %s", *said.State, said.ErrMsg), nil
}

// theirPrice asks 5.1, whose price must be an amount of money.
func (x *exam) theirPrice(ctx context.Context) (off int64, text string, err error) {
	question := record{{"car_number", x.cfg.Plate.Full()}, {"service_name", "query_price"}, {"order_id", ""},
		{"park_id", x.cfg.Lot.Park}, {"pay_scene", whole(0)}}
	var said struct {
		State          *int
		ErrMsg         string
		Price          json.RawMessage
		Total          json.RawMessage
		DerateDuration json.RawMessage `json:"derate_duration"`
	}
	if err := post(ctx, x.cfg.Against, sealS1(question, x.cfg.Ukey), &said); err != nil {
		return 0, "", err
	}
	if said.State == nil || *said.State != 1 {
		return 0, "", fmt.Errorf("no price: %s", said.ErrMsg)
	}
	if _, err := charge.ParseFen(bare(said.Price)); err != nil {
		return 0, "", fmt.Errorf("price: %w", err)
	}
	if said.DerateDuration != nil {
		if off, err = charge.ParseMinutes(bare(said.DerateDuration)); err != nil {
			return 0, "", fmt.Errorf("derate_duration: %w", err)
		}
	}
	return off, fmt.Sprintf("price %s, total %s, derate_duration %d", said.Price, said.Total, off), nil
}
