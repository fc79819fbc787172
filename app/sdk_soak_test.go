//go:build soak && linux

package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/lotline/sdktest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestEverySDKLogin logs the vendor's SDK in at its own pace, 12 times each with 1, 13 and 500 reductions waiting, over
// every relay, on both engines.
func TestEverySDKLogin(t *testing.T) {
	var cases []loginCase
	for _, waiting := range []int{1, 13, 500} {
		for _, batch := range []time.Duration{0, 5, 20, 200} {
			for _, cut := range []int{4096, 1460} {
				cases = append(cases, loginCase{waiting, batch * time.Millisecond, cut, 12})
			}
		}
	}
	for name, cfg := range map[string]Config{"sqlite": local(t), "postgres": onPostgres(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logInWithWaiting(t, cfg, sdktest.Times{}, cases)
		})
	}
}

func onPostgres(t *testing.T) Config {
	cfg := local(t)
	cfg.Database.URL = storetest.Postgres(storetest.StartPostgres(t))(t).URL
	return cfg
}

// TestVendorsSDKOnAFullDisk fills the disk under the data folder, a small one in memory: what the vendor's SDK reports
// meanwhile is taken once when there is room again.
func TestVendorsSDKOnAFullDisk(t *testing.T) {
	cfg := local(t)
	smallDisk(t, cfg.Data)
	filler := filepath.Join(cfg.Data, "filler")
	reportThrough(t, cfg, func() error {
		err := fill(filler)
		ballastGoes(t, cfg.Data)
		return err
	}, func() error { return os.Remove(filler) })
}
