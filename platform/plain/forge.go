package plain

import (
	"cmp"
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

var _ platform.Forger = (*dialect)(nil)

// Forge builds a push as the platform sends it: a JSON object of texts.
func (d *dialect) Forge(k platform.Keys, s platform.Sample, _ string, at time.Time) (platform.Request, error) {
	fields, err := d.profile.Forge(&d.table, s, at)
	if err != nil {
		return platform.Request{}, err
	}
	if part := d.profile.Operator; part.Field != "" {
		fields = profile.Put(fields, part.Field, cmp.Or(k[part.Key].Reveal(), part.Default))
	}
	return d.profile.Request(fields), nil
}
