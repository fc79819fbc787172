package flat

import (
	"testing"

	"github.com/chargestamp/chargestamp/platform/platformtest"
)

func TestGolden(t *testing.T) {
	for _, d := range Builtin() {
		t.Run(d.Info().ID, func(t *testing.T) { platformtest.Golden(t, d, "testdata/"+d.Info().ID) })
	}
}
