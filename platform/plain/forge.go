package plain

import (
	"cmp"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

var _ platform.Forger = (*dialect)(nil)

// Forge builds a push as the platform sends it: a JSON object of texts.
func (d *dialect) Forge(k platform.Keys, s platform.Sample, _ string, at time.Time) (platform.Request, error) {
	lot, err := d.profile.Lot.LotKey(s)
	if err != nil {
		return platform.Request{}, err
	}
	fields := profile.Put(d.table.Forge(s, at), d.profile.Lot.Field, lot)
	if part := d.profile.Operator; part.Field != "" {
		fields = profile.Put(fields, part.Field, cmp.Or(k[part.Key].Reveal(), part.Default))
	}
	return platform.Request{Path: d.profile.Paths.Charge[0],
		Header: http.Header{"Content-Type": {"application/json;charset=utf-8"}},
		Body:   profile.Print(fields)}, nil
}
