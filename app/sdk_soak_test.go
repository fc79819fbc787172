//go:build soak && linux

package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
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
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("small", cfg.Data, "tmpfs", 0, fmt.Sprint("size=", 256<<20)); err != nil {
		t.Fatalf("a small disk cannot be mounted; this needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(cfg.Data, 0); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(cfg.Data, "filler")
	reportThrough(t, cfg, func() error {
		err := fill(filler)
		eventually(t, 10*time.Second, func() string { // the server has noticed
			if _, err := os.Stat(filepath.Join(cfg.Data, ballastFile)); err == nil {
				return "the ballast is kept"
			}
			return ""
		})
		return err
	}, func() error { return os.Remove(filler) })
}

// fill writes a file until nothing more fits.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, endless{}); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk is not full: %w", err)
	}
	return nil
}

// endless reads as zeros for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
