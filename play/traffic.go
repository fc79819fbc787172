package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Yard is a played lot of any kind that cars drive in and out of.
type Yard interface {
	Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error)
	Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error)
}

// TrafficConfig is how busy a lot is.
type TrafficConfig struct {
	PerMinute float64       // cars that come in, on average
	Stay      time.Duration // how long they stay, on average
	Most      int           // cars inside at most; 0 is 100
	Rand      *rand.Rand    // nil: seeded by chance
	Failed    func(error)   // is called for entries and exits that could not be reported; may be nil
}

// Traffic drives cars in and out of a lot until the context ends: Poisson arrivals, exponential stays.
func Traffic(ctx context.Context, y Yard, cfg TrafficConfig) error {
	if cfg.PerMinute <= 0 || cfg.Stay <= 0 {
		return fmt.Errorf("traffic needs cars per minute and a stay above zero, got %v and %v", cfg.PerMinute, cfg.Stay)
	}
	if cfg.Most == 0 {
		cfg.Most = 100
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	exits := make(chan charge.Plate)
	inside := map[charge.Plate]*time.Timer{}
	defer func() {
		for _, t := range inside {
			t.Stop()
		}
	}()
	next := func() time.Duration {
		return time.Duration(cfg.Rand.ExpFloat64() / cfg.PerMinute * float64(time.Minute))
	}
	arrival := time.NewTimer(next())
	defer arrival.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case now := <-arrival.C:
			arrival.Reset(next())
			plate := RandomPlate(cfg.Rand)
			if len(inside) >= cfg.Most || inside[plate] != nil {
				continue
			}
			_, err = y.Enter(ctx, plate, now)
			stay := time.Duration(cfg.Rand.ExpFloat64() * float64(cfg.Stay))
			inside[plate] = time.AfterFunc(stay, func() {
				select {
				case exits <- plate:
				case <-ctx.Done():
				}
			})
		case plate := <-exits:
			delete(inside, plate)
			_, err = y.Exit(ctx, plate, time.Now())
		}
		if err != nil && cfg.Failed != nil && ctx.Err() == nil {
			cfg.Failed(err)
		}
	}
}

// RandomPlate makes up a plate; one in three is a new-energy plate of eight characters.
func RandomPlate(r *rand.Rand) charge.Plate {
	const letters, mixed = "ABCDEFGHJKLMNPQRSTUVWXYZ", "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
	provinces := []rune("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
	plate := []rune{provinces[r.IntN(len(provinces))], rune(letters[r.IntN(len(letters))])}
	if r.IntN(3) == 0 {
		plate = append(plate, 'D')
	}
	for range 5 {
		plate = append(plate, rune(mixed[r.IntN(len(mixed))]))
	}
	return charge.Plate(plate)
}
