package cec

import (
	"path/filepath"
	"testing"

	"github.com/chargestamp/chargestamp/platform/platformtest"
)

func TestGolden(t *testing.T) {
	for _, d := range Builtin() {
		id := d.Info().ID
		t.Run(id, func(t *testing.T) { platformtest.Golden(t, d, filepath.Join("testdata", id)) })
	}
}
