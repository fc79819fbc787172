package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// plateSearch is one way to look for a car.
type plateSearch struct {
	name string
	most float64 // milliseconds, p99
	text func(r *rand.Rand, plate []rune) string
}

// plateSearches are what a person types: of some plate all, its beginning, its end, or what has been read of it.
var plateSearches = []plateSearch{
	{"whole plate", 50, func(_ *rand.Rand, p []rune) string { return string(p) }},
	{"prefix", 50, func(r *rand.Rand, p []rune) string { return string(p[:3+r.IntN(4)]) }},
	{"last four or more", 50, func(r *rand.Rand, p []rune) string { return string(p[len(p)-4-r.IntN(3):]) }},
	{"other part", 200, func(r *rand.Rand, p []rune) string {
		n := 3 + r.IntN(3)
		begin := 1 + r.IntN(len(p)-n-1) // neither its beginning nor its end
		return string(p[begin : begin+n])
	}},
}

// searchedPlate is the plate of a car of the history, or in one search of five of one that never came.
func searchedPlate(r *rand.Rand, charges int) (p charge.Plate, came bool) {
	if r.IntN(5) == 0 {
		return plate(70_000_000 + r.IntN(1_000_000)), false
	}
	return historyPlate(r.IntN(max(charges, 1))), true
}

// search looks for cars in each way, through the API and on the find page, with another text every time: cars
// that came and cars that never did, parts that one plate has and parts that every tenth has.
func (st *stand) search(ctx context.Context, charges, times int, with string) (rows []figure, err error) {
	admin, leave, err := st.admin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	for _, s := range plateSearches {
		r := rand.New(rand.NewPCG(7, uint64(charges))) // the same searches in every run
		var answers, pages []float64
		hits := 0
		for range times {
			p, came := searchedPlate(r, charges)
			text := s.text(r, []rune(p))
			var list struct{ Items []client.Charge }
			took, err := st.server.timed(ctx, "/api/v1/charges?plate="+url.QueryEscape(text), &list)
			if err != nil {
				return rows, err
			}
			if came && len(list.Items) == 0 {
				return rows, fmt.Errorf("%s: a car of the history is not found by %d characters of its plate", s.name,
					len([]rune(text)))
			}
			if len(list.Items) > 0 {
				hits++
			}
			answers = append(answers, ms(took))
			_, took, err = admin.get(ctx, "/find?q="+url.QueryEscape(text))
			if err != nil {
				return rows, err
			}
			pages = append(pages, ms(took))
		}
		for _, f := range []struct {
			where string
			took  []float64
			most  float64
		}{{"API", answers, s.most}, {"find page", pages, s.most}} {
			rows = append(rows, figure{name: fmt.Sprintf("plate search by %s, %s, p99%s", s.name, f.where, with),
				engine: st.engine.Name,
				value:  quantile(f.took, .99), unit: "ms", bar: AtMost(f.most),
				note: fmt.Sprintf("of %d, %d found something, p50 %.3g ms, slowest %.3g", times, hits, quantile(f.took, .5),
					slices.Max(f.took))})
		}
	}
	return rows, nil
}
