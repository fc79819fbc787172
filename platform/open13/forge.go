package open13

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

var _ platform.Forger = (*dialect)(nil)

// Forge builds a push as the interface wants it: Base64 of the signed data.
func (d *dialect) Forge(k platform.Keys, s platform.Sample, _ string, at time.Time) (platform.Request, error) {
	fields := profile.Put(d.table.Forge(s, at), unionField, s.Lot.Union)
	data := profile.Print(profile.Put(fields, parkField, s.Lot.Park))
	plain := profile.Object(profile.Member{Name: "data", Value: profile.Raw(data)},
		profile.Member{Name: "sign", Value: seal.S1(data, k[key].Reveal())})
	return platform.Request{Path: d.info.Routes[0].Path, Header: http.Header{"Content-Type": {"text/plain;charset=utf-8"}},
		Body: []byte(base64.StdEncoding.EncodeToString(plain)), Plain: plain}, nil
}
