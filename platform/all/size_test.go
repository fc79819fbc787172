package all

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/seal"
)

// sizes are what a stranger may send of one kind, up to the bound of the body or of the members of an object.
var sizes = []struct {
	name  string
	steps []int
	grown func(n int) string // members to put before the others of an object
}{
	{"one long value", []int{1 << 10, 4 << 10, 16 << 10, 60 << 10},
		func(n int) string { return `"z":"` + strings.Repeat("x", n) + `",` }},
	{"escapes", []int{1 << 10, 4 << 10, 16 << 10, 60 << 10},
		func(n int) string { return `"z":"` + strings.Repeat(`\n`, n/2) + `",` }},
	{"a long list", []int{1 << 10, 4 << 10, 16 << 10, 60 << 10},
		func(n int) string { return `"z":[` + strings.Repeat("0,", n/2) + `0],` }},
	{"members", []int{13, 52, 208}, func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, `"z%d":"x",`, i)
		}
		return text.String()
	}},
	{"members beyond the bound", []int{1000, 4000}, func(n int) string { return strings.Repeat(`"z":"x",`, n) }},
}

// grown is the forged push with members put before its own; its signature does not fit any more.
func (f forgery) grown(members string) []byte {
	text := string(f.request.Body)
	if f.dialect.Info().Family == "open13" {
		text = string(f.request.Plain)
	}
	text = strings.Replace(text, "{", "{"+members, 1)
	if f.dialect.Info().Family == "open13" {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return []byte(text)
}

// examine is all that is done with a push that is refused: it is judged at the door, and a page of it by the doctor.
func (f forgery) examine(body []byte) {
	f.admit(f.request.Header, body)
	doctor.Check(doctor.Examination{Dialect: f.dialect, Capture: body, At: forgedAt, Keys: f.account.Keys[0]})
}

// allocated is how many bytes fn allocates: the work of code that copies, the same on a busy machine. It may be more
// at times: a collection empties pools, and under the race detector they lose things by chance.
func allocated(fn func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestSecurityWorkIsLinear: four times as large a push costs no more than about four times as much, whatever of it is
// large.
func TestSecurityWorkIsLinear(t *testing.T) {
	const most = 6 // 16 where work grows with the square
	for _, f := range forge(t) {
		for _, s := range sizes {
			last := 0.0
			for i, n := range s.steps {
				body := f.grown(s.grown(n))
				now := allocated(func() { f.examine(body) })
				for try := 0; i > 0 && now > most*last && try < 20; try++ {
					now = min(now, allocated(func() { f.examine(body) }))
				}
				if i > 0 && now > most*last {
					t.Errorf("%s: %s: %d cost %.0f bytes, %d %.0f", f.dialect.Info().ID, s.name, s.steps[i-1], last, n, now)
				}
				last = now
			}
		}
	}
}

// BenchmarkSize shows by MB/s that the door and the doctor take as long for a byte of a large push as of a small one.
func BenchmarkSize(b *testing.B) {
	for _, f := range forge(b) {
		if id := f.dialect.Info().ID; id != "xiaoju" && id != "telaidian" && id != "linghu" && id != "xingxing" {
			continue // one of a family
		}
		for _, s := range sizes {
			for _, n := range s.steps {
				body := f.grown(s.grown(n))
				b.Run(fmt.Sprintf("%s/%s/%d", f.dialect.Info().ID, s.name, n), func(b *testing.B) {
					b.SetBytes(int64(len(body)))
					for b.Loop() {
						f.examine(body)
					}
				})
			}
		}
	}
}

// BenchmarkReadObject reads JSON of up to a million bytes.
func BenchmarkReadObject(b *testing.B) {
	for _, n := range []int{1 << 10, 10 << 10, 100 << 10, 1 << 20} {
		body := []byte(`{` + strings.Repeat(" ", n/2) + `"a":"` + strings.Repeat("x", n/2) + `"}`)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := seal.ReadObject(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
