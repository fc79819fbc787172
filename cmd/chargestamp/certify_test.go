package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/play"
)

// madeUpKeys are keys of a parking system, as flags.
func madeUpKeys(t *testing.T, as string) (flags []string) {
	t.Helper()
	for _, k := range coupon.Builtin()[as].Keys {
		if k.Optional {
			continue
		}
		value := "made-up-" + k.Name
		if k.Name == "private_key" {
			var err error
			if value, err = rsaKey(); err != nil {
				t.Fatal(err)
			}
		}
		flags = append(flags, "--key", k.Name+"="+value)
	}
	return flags
}

// TestCertifyCoupon examines parking systems that are played by processes of their own: what each can do is tried, what
// it cannot is skipped, one that misbehaves fails, and its book has the car's coupon once at most.
func TestCertifyCoupon(t *testing.T) {
	t.Parallel()
	const pass, skip = play.Passed, play.Skipped
	for _, c := range []struct {
		as, answer                        string
		other, absent, price, again, back play.Verdict
		ok                                bool
	}{
		{"4pyun", "", pass, pass, skip, pass, skip, true},
		{"qcyuns", "", pass, pass, pass, pass, pass, true},
		{"tdznyun", "", pass, pass, skip, skip, skip, true},
		{"tingjiandan", "", pass, pass, pass, pass, skip, true},
		{"keytop", "", pass, skip, skip, pass, skip, true},
		{"hongmen", "", pass, skip, skip, pass, skip, true},
		{"hikparking", "", pass, skip, skip, skip, skip, true},
		{"jieshun", "", skip, skip, skip, skip, skip, true},
		{"qcyuns", play.AnswerHalf, pass, pass, pass, "", "", false},
	} {
		t.Run(c.as+c.answer, func(t *testing.T) {
			t.Parallel()
			keys, address := madeUpKeys(t, c.as), freeAddress(t)
			cloud, err := launch(exec.Command("chargestamp", append([]string{"lot", "coupon", "--as", c.as, "--answer",
				c.answer, "--lot", "200461/1316", "--listen", address, "--strict", "--enter", "京AD06088"}, keys...)...))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(cloud.kill)
			text, err := exec.Command("chargestamp", append([]string{"certify", "coupon", "--as", c.as,
				"--against", "http://" + address,
				"--lot", "200461/1316", "--plate", "京AD06088", "-o", "json"}, keys...)...).Output()
			if exitCode(err) != map[bool]int{true: 0, false: 1}[c.ok] {
				t.Errorf("certify: %v\n%s", err, text)
			}
			var sheet play.Sheet
			if err := json.Unmarshal(text, &sheet); err != nil {
				t.Fatal(err)
			}
			got := map[string]play.Verdict{}
			for _, check := range sheet.Checks {
				got[check.Name] = check.Verdict
			}
			for name, want := range map[string]play.Verdict{"another key gets no coupon": c.other,
				"a car that is not inside gets no coupon": c.absent, "a price is told": c.price,
				"the same coupon again is known by its number": c.again, "the coupon is taken back": c.back} {
				if want != "" && got[name] != want || !c.ok && got[name] == pass && want == "" {
					t.Errorf("%s: %q, want %q", name, got[name], want)
				}
			}
			book, err := play.ReadBook(t.Context(), fmt.Sprint(cloud.ready["book"]))
			if err != nil {
				t.Fatal(err)
			}
			given := 0
			for _, row := range book {
				given += row.Applied
			}
			if given > 1 || (given == 0) != (c.ok && c.back == pass) {
				t.Errorf("the book has %+v", book)
			}
		})
	}
}

// TestCertifyPlayedCoupon examines what the gateway sends to each parking system, and reads of it,
// against played ones.
func TestCertifyPlayedCoupon(t *testing.T) {
	for _, as := range play.FarEnds() {
		t.Run(as, func(t *testing.T) {
			var out bytes.Buffer
			k := certifyCommand{Target: "coupon", As: as, Patience: 20 * time.Second, Output: "json"}
			if err := k.Run(&console{ctx: t.Context(), out: &out, err: io.Discard}); err != nil {
				t.Errorf("certify: %v\n%s", err, out.String())
			}
			var sheet play.Sheet
			if err := json.Unmarshal(out.Bytes(), &sheet); err != nil {
				t.Fatal(err)
			}
			passed := 0
			for _, check := range sheet.Checks {
				if check.Verdict == play.Passed {
					passed++
				}
			}
			if passed < 8 {
				t.Errorf("%d checks passed: %+v", passed, sheet.Checks)
			}
		})
	}
	k := certifyCommand{Target: "coupon", Profile: "../../docs/examples/tingnar/tingnar.toml", Output: "json"}
	if err := k.Run(&console{ctx: t.Context(), out: io.Discard, err: io.Discard}); err == nil {
		t.Error("a system of one's own is played")
	}
}

// TestCertifySaysWhatItWaitsFor wants a checklist that waits for the partner to say for what.
func TestCertifySaysWhatItWaitsFor(t *testing.T) {
	for _, tc := range []struct {
		command certifyCommand
		want    string
	}{
		{certifyCommand{Target: "sdk", Theirs: true, Listen: ":6789", Lot: "200461/1313", Plate: "京AD06088"},
			"waiting at :6789: have the software log in there as 200461/1313, and let 京AD06088 in"},
		{certifyCommand{Target: "telaidian", Theirs: true, Listen: ":8090", Against: "http://127.0.0.1:8080"},
			"waiting at :8090: have the partner send there; everything is passed on to http://127.0.0.1:8080"},
		{certifyCommand{Target: "api", Theirs: true, Against: "https://partner.example"}, ""},
		{certifyCommand{Target: "sdk", Listen: ":6789"}, ""},
	} {
		if got := tc.command.awaited(); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	var seen bytes.Buffer
	for _, passing := range []bool{false, true} {
		p := &progress{c: &console{err: &seen}, passing: passing}
		p.line("pass  one")
		p.line("")
	}
	if want := "pass  one\n\r\033[Kpass  one\r\033[K"; seen.String() != want {
		t.Errorf("shown %q, want %q", seen.String(), want)
	}
}
