package cec

import "testing"

func TestBuiltin(t *testing.T) {
	for _, d := range Builtin() { t.Logf("%+v", d.Info()) }
}
