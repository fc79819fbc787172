package line

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns every frame, "!" for one that is too long.
func readAll(t testing.TB, r io.Reader, most int) []string {
	t.Helper()
	var got []string
	in := newFrames(r, most)
	for {
		frame, err := in.next()
		switch {
		case errors.Is(err, errFrameTooLong):
			got = append(got, "!")
		case err == nil:
			got = append(got, string(frame))
		case errors.Is(err, io.EOF):
			return got
		default:
			t.Fatal(err)
		}
	}
}

func TestFrames(t *testing.T) {
	full := `{"a":"` + strings.Repeat("x", 92) + `"}` // exactly 100 bytes
	tests := map[string]struct {
		in   string
		want []string
	}{
		"LF":                       {"a\nb\n", []string{"a", "b"}},
		"CRLF":                     {"a\r\nb\r\n", []string{"a", "b"}},
		"stray CR and blanks":      {"\r a\t\r\n\rb \n", []string{"a", "b"}},
		"CR inside":                {"{\"a\":1,\r\"b\":2}\n", []string{"{\"a\":1,\r\"b\":2}"}},
		"blank frames":             {"\n\r\n \n\r\r\n\t\na\n", []string{"a"}},
		"no end":                   {"a\nb", []string{"a"}},
		"as the cloud writes":      {"\n{\"a\":1}\r\n{\"b\":2}\r", []string{`{"a":1}`, `{"b":2}`}},
		"heartbeat with CR only":   {"0x11\r", []string{"0x11"}},
		"CR in an unfinished text": {"{\"a\":1,\r", nil},
		"as long as may be":        {full + "\r\n" + full + "\n", []string{full, full}},
		"one byte too long":        {full + "x\nb\n", []string{"!", "b"}},
		"bomb":                     {strings.Repeat("x", 10_000) + "\nb\n", []string{"!", "b"}},
		"two bombs": {strings.Repeat("x", 1000) + "\n" + strings.Repeat("y", 1000) + "\nb\n",
			[]string{"!", "!", "b"}},
		"bomb without end": {strings.Repeat("x", 1000), []string{"!"}},
		"bomb of blanks":   {strings.Repeat(" ", 1000) + "\nb\n", []string{"!", "b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
				"end with it":  iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				if d := cmp.Diff(tt.want, readAll(t, r, 100)); d != "" {
					t.Errorf("%s: (-want +got)\n%s", how, d)
				}
			}
		})
	}
}

// A text that trickles in with CRs behind braces is looked at a few times and then left until its newline: reading
// it as JSON at each CR would cost us the square of its length.
func TestTrickledFrameIsNotReadOverAndOver(t *testing.T) {
	pieces := []string{"{\"a\":{}\r", ",\"b\":{}\r", ",\"c\":{}\r", ",\"d\":{}\r", ",\"e\":{}}\r"}
	read := func(pieces ...string) []string {
		var rs []io.Reader
		for _, p := range pieces {
			rs = append(rs, strings.NewReader(p))
		}
		return readAll(t, io.MultiReader(rs...), 100)
	}
	if got := read(pieces...); got != nil {
		t.Errorf("took %q before its newline", got)
	}
	whole := strings.TrimSuffix(strings.Join(pieces, ""), "\r")
	if d := cmp.Diff([]string{whole, "{}"}, read(append(pieces, "\n", "{}\r")...)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// A buffer that grew for one frame is given back, and never grows far past the limit.
func TestFramesBuffer(t *testing.T) {
	const most = 64 << 10
	big := strings.Repeat("x", most)
	r, w := io.Pipe()
	go func() { // the pipe hands over exactly what is written at a time
		_, _ = io.WriteString(w, big+"\n")
		_, _ = io.WriteString(w, "0x11\n")
		_, _ = io.WriteString(w, strings.Repeat("y", 10*most)+"\n")
		_ = w.Close()
	}()
	in := newFrames(r, most)
	if frame, err := in.next(); err != nil || string(frame) != big {
		t.Fatalf("big frame: %d bytes, %v", len(frame), err)
	}
	if frame, err := in.next(); err != nil || string(frame) != "0x11" {
		t.Fatalf("got %q, %v", frame, err)
	}
	if len(in.buf) != restBytes {
		t.Errorf("buffer at rest holds %d bytes, want %d", len(in.buf), restBytes)
	}
	for {
		_, err := in.next()
		if len(in.buf) > most+2+restBytes {
			t.Fatalf("buffer grew to %d bytes", len(in.buf))
		}
		if errors.Is(err, io.EOF) {
			return
		}
	}
}

func FuzzFrames(f *testing.F) {
	for _, s := range []string{"", "a\n", "\r\n{\"a\":1}\r\n0x11\n", "\n{}\r", strings.Repeat("x", 200) + "\nb\n"} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		const most = 100
		whole := readAll(t, bytes.NewReader(in), most)
		for _, frame := range whole {
			if len(frame) > most || strings.Contains(frame, "\n") || frame != strings.Trim(frame, " \t\r") || frame == "" {
				t.Fatalf("frame %q", frame)
			}
		}
		// However the bytes are cut, what is between newlines comes out the same: only a text that ends in a
		// CR may come out before its newline, and then as it would have.
		at := min(int(cut), len(in))
		pieces := readAll(t, io.MultiReader(bytes.NewReader(in[:at]), bytes.NewReader(in[at:])), most)
		if bytes.IndexByte(in, '\r') < 0 && !cmp.Equal(whole, pieces) {
			t.Fatalf("cut at %d: %q, whole: %q", at, pieces, whole)
		}
	})
}
