package estate_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/bounded"
	"github.com/chargestamp/chargestamp/estate"
)

// documents are estates of a size, in the forms that are read.
var documents = map[string]func(size int) string{
	"YAML": func(size int) string {
		var text strings.Builder
		text.WriteString("version: 1\nlots:\n")
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, "  - {lot: \"1/%d\", name: \"a lot\", kind: sdk, ckey: \"hush-of-the-lot-%d\"}\n", i, i)
		}
		return text.String()
	},
	"JSON": func(size int) string {
		var text strings.Builder
		text.WriteString(`{"version":1,"lots":[{"lot":"2/1","kind":"sdk"}`)
		for i := 0; text.Len() < size; i++ {
			fmt.Fprintf(&text, `,{"lot":"1/%d","name":"a lot","kind":"sdk","ckey":"hush-of-the-lot-%d"}`, i, i)
		}
		return text.String() + "]}"
	},
	"a broken one": func(size int) string {
		return "version: 1\nlots:\n" + strings.Repeat("  - {lot: 1, kind: none, other: x}\n", size/35)
	},
}

// TestSecurityEstateIsLinear: four times as large a document costs no more than about four times as much.
func TestSecurityEstateIsLinear(t *testing.T) {
	const most = 6 // 16 where work grows with the square
	for name, document := range documents {
		last := 0.0
		for _, size := range []int{16 << 10, 64 << 10, 256 << 10} {
			src := []byte(document(size))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := estate.Parse("f", src, nil, nil)
			runtime.ReadMemStats(&after)
			if (err != nil) != (name == "a broken one") {
				t.Fatal(name, err)
			}
			now := float64(after.TotalAlloc - before.TotalAlloc)
			if last > 0 && now > most*last {
				t.Errorf("%s of %d bytes: %.0f bytes allocated, %.0f for a quarter of it", name, size, now, last)
			}
			last = now
		}
	}
}

// BenchmarkParse shows by MB/s that a byte of a large document takes as long as one of a small document, up to the
// bound.
func BenchmarkParse(b *testing.B) {
	for name, document := range documents {
		for _, size := range []int{1 << 10, 10 << 10, 100 << 10, 1 << 20, bounded.MostDocument - 200} {
			src := []byte(document(size))
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					_, _ = estate.Parse("f", src, nil, nil) // a broken one is refused
				}
			})
		}
	}
}
