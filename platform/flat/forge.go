package flat

import (
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

var _ platform.Forger = (*dialect)(nil)

// Forge builds a push as the platform sends it: a JSON object of texts, signed by the profile's recipe.
func (d *dialect) Forge(k platform.Keys, s platform.Sample, _ string, at time.Time) (platform.Request, error) {
	fields, err := d.profile.Forge(&d.table, s, at)
	if err != nil {
		return platform.Request{}, err
	}
	if part := d.profile.Seal; part.Operator != "" {
		fields = profile.Put(fields, part.Operator, k[part.OperatorKey].Reveal())
	}
	if confirm := d.profile.Seal.Confirm; confirm != "" {
		fields = profile.Put(fields, confirm, s.Lot.Park)
	}
	recipe := d.profile.Seal.Recipe
	fields = profile.Put(fields, recipe.SignField(), recipe.Sign(fields, k[d.key].Reveal()))
	return d.profile.Request(fields), nil
}
