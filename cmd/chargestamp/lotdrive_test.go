package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// quiet is a lot in memory whose exits cost 5 yuan, 2 of them taken off.
type quiet struct{ inside map[charge.Plate]bool }

func (q quiet) Enter(_ context.Context, plate charge.Plate, _ time.Time) (play.Visit, error) {
	q.inside[plate] = true
	return play.Visit{OrderID: "S1", Plate: plate}, nil
}

func (q quiet) Exit(_ context.Context, plate charge.Plate, _ time.Time) (play.Bill, error) {
	if !q.inside[plate] {
		return play.Bill{}, play.ErrNotInside
	}
	delete(q.inside, plate)
	return play.Bill{Visit: play.Visit{OrderID: "S1", Plate: plate}, Gross: 5_00, Derate: 2_00}, nil
}

// drive runs a played lot with cars of --enter over what standard input says, and returns what it prints.
func drive(t *testing.T, in io.Reader, flags lotFlags) (out, said string) {
	t.Helper()
	var results, words bytes.Buffer
	c, cancel := flags.bounded(&console{ctx: t.Context(), in: in, out: &results, err: &words})
	defer cancel()
	if err := flags.run(c, quiet{map[charge.Plate]bool{}}, "http://book"); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(results.String(), "{\"ready\":true,\"book\":\"http://book\"}\n"), words.String()
}

func TestCarsByStandardInput(t *testing.T) {
	in := "in 京J00002\nlist\nout 京J00001\n\nout 京J00009\nhop\nquit\nin 京J00003\n"
	out, said := drive(t, strings.NewReader(in), lotFlags{Enter: []string{"京J00001"}})
	want := `{"event":"in","plate":"京J00001","order_id":"S1"}
{"event":"in","plate":"京J00002","order_id":"S1"}
{"event":"inside","plate":"京J00001"}
{"event":"inside","plate":"京J00002"}
{"event":"out","plate":"京J00001","order_id":"S1","total":"5.00","derate_money":"2.00","due":"3.00"}
`
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
	for _, line := range []string{"letting 京J***09 out: no such car is inside", `"hop" is not a command`} {
		if !strings.Contains(said, line) {
			t.Errorf("%q does not say %q", said, line)
		}
	}
}

// TestEnteredCarsStay lets a car of --enter out after --stay, and the run end at --for, without any input.
func TestEnteredCarsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		out, said := drive(t, strings.NewReader(""), lotFlags{Enter: []string{"京J00001"}, Stay: time.Minute, For: time.Hour})
		if !strings.Contains(out, `{"event":"out","plate":"京J00001"`) || said != "" {
			t.Errorf("printed %s, said %s", out, said)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("ran for %v", took)
		}
	})
}
