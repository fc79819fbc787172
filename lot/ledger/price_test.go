package ledger

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chargestamp/chargestamp/charge"
)

func clock(t testing.TB, text string) charge.ClockTime {
	t.Helper()
	c, err := charge.ParseClockTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tariffs are the ones of testdata/prices.txt.
func tariffs(t testing.TB) map[string]*charge.Tariff {
	period := func(from, to string, unit int64, price, most charge.Fen) charge.Period {
		return charge.Period{From: clock(t, from), To: clock(t, to), UnitMinutes: unit, UnitPrice: price, Cap: most}
	}
	dayNight := []charge.Period{period("08:00", "20:00", 30, 200, 2000), period("20:00", "08:00", 60, 100, 500)}
	return map[string]*charge.Tariff{
		"hour":     {FreeMinutes: 15, UnitMinutes: 60, UnitPrice: 500, DailyCap: 4000, LeaveMinutes: 15},
		"half":     {UnitMinutes: 30, UnitPrice: 250},
		"odd":      {FreeMinutes: 10, UnitMinutes: 50, UnitPrice: 300, DailyCap: 3000},
		"daynight": {FreeMinutes: 15, Periods: dayNight},
		"capped":   {FreeMinutes: 15, DailyCap: 2200, Periods: dayNight},
		"three": {Periods: []charge.Period{period("00:00", "07:00", 60, 100, 0), period("07:00", "19:30", 15, 150, 0),
			period("19:30", "24:00", 60, 200, 0)}},
		"whole":   {Periods: []charge.Period{period("00:00", "24:00", 60, 200, 1000)}},
		"gratis":  {UnitMinutes: 60},
		"posted":  {Periods: []charge.Period{period("08:00", "20:00", 60, 1000, 0), period("20:00", "08:00", 60, 200, 0)}},
		"perday":  {FreeMinutes: 30, UnitMinutes: 1440, UnitPrice: 1000},
		"twodays": {UnitMinutes: 2880, UnitPrice: 1000, DailyCap: 800},
	}
}

func TestPriceGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/prices.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := tariffs(t)
	rows := 0
	for n, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		where := fmt.Sprintf("prices.txt:%d", n+1)
		arithmetic, price, found := strings.Cut(strings.Join(f[5:], " "), " = ")
		want, err := charge.ParseFen(price)
		if !found || err != nil {
			t.Fatalf("%s: no price", where)
		}
		if got := evaluate(t, where, arithmetic); got != want {
			t.Errorf("%s: %s is %s, the row says %s", where, arithmetic, got, want)
		}
		entered, left := local(t, f[1]+" "+f[2]), local(t, f[3]+" "+f[4])
		// The zone that a time comes in means nothing.
		for _, zone := range []*time.Location{charge.Shanghai, time.UTC, time.FixedZone("", -5*60*60)} {
			if got := Price(known[f[0]], entered.In(zone), left.In(zone)); got != want {
				t.Errorf("%s: %s in %s costs %s, want %s", where, f[0], zone, got, want)
			}
		}
		rows++
	}
	if rows < 60 {
		t.Errorf("%d rows, want 60 and more", rows)
	}
}

func local(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateTime, text, charge.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// evaluate works out sums, products and min() of yuan.
func evaluate(t *testing.T, where, text string) charge.Fen {
	t.Helper()
	expr, err := parser.ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	fen := constant.BinaryOp(value(t, expr), token.MUL, constant.MakeInt64(100))
	n, exact := constant.Int64Val(constant.ToInt(fen))
	if !exact {
		t.Fatalf("%s: %s is no whole fen", where, text)
	}
	return charge.Fen(n)
}

func value(t *testing.T, expr ast.Expr) constant.Value {
	t.Helper()
	switch e := expr.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0)
	case *ast.ParenExpr:
		return value(t, e.X)
	case *ast.BinaryExpr:
		return constant.BinaryOp(value(t, e.X), e.Op, value(t, e.Y))
	case *ast.CallExpr: // min(x, y)
		x, y := value(t, e.Args[0]), value(t, e.Args[1])
		if constant.Compare(x, token.LSS, y) {
			return x
		}
		return y
	}
	t.Fatalf("arithmetic holds a %T", expr)
	return nil
}

// tick divides every minute; random stays begin and end on one.
const tick = 20 * time.Second

// naivePrice walks a stay tick by tick, as one would with a stopwatch and a price list: a unit starts
// when the one before is over or another period begins, and is paid for when it starts.
func naivePrice(tariff *charge.Tariff, entered, left time.Time) charge.Fen {
	perMinute := int(time.Minute / tick)
	ticks := int(left.Sub(entered) / tick)
	if ticks <= int(tariff.FreeMinutes)*perMinute {
		return 0
	}
	paid := map[int]map[int]charge.Fen{} // by 24 hours, by period
	unitLeft := 0
	at := entered.In(charge.Shanghai)
	for n := range ticks {
		clock := charge.ClockTime(at.Hour()*60 + at.Minute())
		period, unit, price := 0, tariff.UnitMinutes, tariff.UnitPrice
		for i, p := range tariff.Periods {
			inside := clock >= p.From && clock < p.To
			if p.To <= p.From {
				inside = clock >= p.From || clock < p.To
			}
			if inside {
				period, unit, price = i, p.UnitMinutes, p.UnitPrice
				if clock == p.From && at.Second() == 0 {
					unitLeft = 0
				}
			}
		}
		if unitLeft == 0 {
			day := n / (24 * 60 * perMinute)
			if paid[day] == nil {
				paid[day] = map[int]charge.Fen{}
			}
			paid[day][period] += price
			unitLeft = int(unit) * perMinute
		}
		unitLeft--
		at = at.Add(tick)
	}
	var total charge.Fen
	for _, periods := range paid {
		var sum charge.Fen
		for i, s := range periods {
			if len(tariff.Periods) > 0 && tariff.Periods[i].Cap > 0 && s > tariff.Periods[i].Cap {
				s = tariff.Periods[i].Cap
			}
			sum += s
		}
		if tariff.DailyCap > 0 && sum > tariff.DailyCap {
			sum = tariff.DailyCap
		}
		total += sum
	}
	return total
}

// anyTariff draws tariffs that pass Check: a flat one, or periods cut at random borders.
var anyTariff = rapid.Custom(func(t *rapid.T) *charge.Tariff {
	unit := rapid.SampledFrom([]int64{1, 7, 15, 30, 50, 60, 120, 1440, 2000})
	price := rapid.Map(rapid.Int64Range(0, 900), func(n int64) charge.Fen { return charge.Fen(n) })
	most := rapid.Map(rapid.SampledFrom([]int64{0, 0, 500, 1700, 4000}), func(n int64) charge.Fen { return charge.Fen(n) })
	tariff := &charge.Tariff{
		FreeMinutes: rapid.SampledFrom([]int64{0, 1, 15, 30}).Draw(t, "free"), DailyCap: most.Draw(t, "daily cap"),
		UnitMinutes: unit.Draw(t, "unit"), UnitPrice: price.Draw(t, "price"),
		LeaveMinutes: rapid.SampledFrom([]int64{0, 5, 15, 30}).Draw(t, "leave"),
	}
	borders := rapid.SliceOfNDistinct(rapid.IntRange(0, 1439), 0, 4, rapid.ID).Draw(t, "borders")
	if len(borders) < 2 {
		return tariff
	}
	slices.Sort(borders)
	for i, from := range borders {
		tariff.Periods = append(tariff.Periods, charge.Period{
			From: charge.ClockTime(from), To: charge.ClockTime(borders[(i+1)%len(borders)]),
			UnitMinutes: unit.Draw(t, "unit"), UnitPrice: price.Draw(t, "price"), Cap: most.Draw(t, "cap"),
		})
	}
	return tariff
})

var (
	anyEntry = rapid.Map(anySpan(40), func(d time.Duration) time.Time {
		return time.Date(2026, 2, 10, 0, 0, 0, 0, charge.Shanghai).Add(d)
	})
	anyLength = rapid.OneOf(anySpan(1), anySpan(4))
)

// anySpan is a length of less than some days, spread evenly where rapid's integers would mostly be small.
func anySpan(days int) *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		part := func(name string, n int) time.Duration {
			all := make([]int, n)
			for i := range all {
				all[i] = i
			}
			return time.Duration(rapid.SampledFrom(all).Draw(t, name))
		}
		return part("days", days)*day + part("hours", 24)*time.Hour + part("minutes", 60)*time.Minute + part("ticks", 3)*tick
	})
}

func TestPriceAgreesWithNaivePricer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff := anyTariff.Draw(t, "tariff")
		if err := Check(tariff); err != nil {
			t.Fatal(err)
		}
		entered := anyEntry.Draw(t, "entered")
		left := entered.Add(anyLength.Draw(t, "length"))
		if got, want := Price(tariff, entered, left), naivePrice(tariff, entered, left); got != want {
			t.Fatalf("%s to %s costs %s, naively %s", entered, left, got, want)
		}
	})
}

// A longer stay never costs less; that is what makes a time reduction a reduction.
func TestPriceNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff := anyTariff.Draw(t, "tariff")
		entered := anyEntry.Draw(t, "entered")
		shorter := anyLength.Draw(t, "shorter")
		longer := shorter + anyLength.Draw(t, "more")
		if a, b := Price(tariff, entered, entered.Add(shorter)), Price(tariff, entered, entered.Add(longer)); a > b {
			t.Fatalf("%s cost %s, %s cost %s", shorter, a, longer, b)
		}
	})
}

func TestPriceOfAVeryLongStay(t *testing.T) {
	entered := time.Date(1970, 1, 1, 8, 0, 0, 0, charge.Shanghai)
	left := time.Date(2026, 1, 1, 8, 0, 0, 0, charge.Shanghai)
	days := charge.Fen(left.Sub(entered) / (24 * time.Hour))
	if got, want := Price(tariffs(t)["hour"], entered, left), days*4000; got != want {
		t.Errorf("56 years cost %s, want %s", got, want)
	}
}

func BenchmarkPrice(b *testing.B) {
	tariff := tariffs(b)["capped"]
	entered := local(b, "2026-03-01 10:10:00")
	b.ReportAllocs()
	for b.Loop() {
		Price(tariff, entered, entered.Add(50*time.Hour))
	}
}
