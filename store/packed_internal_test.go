package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// TestPackWordsNeverChange: what is stored already needs the dictionary as it was.
func TestPackWordsNeverChange(t *testing.T) {
	sum := sha256.Sum256(packWords)
	if got := hex.EncodeToString(sum[:8]); got != "aa84cd7f11ca5c34" {
		t.Errorf("the dictionary's sum is %s: values that are packed with it cannot be read any more", got)
	}
}

func TestPack(t *testing.T) {
	for _, v := range []string{"", "{}", "\x01", "\x06", "\x01\x28\xb5\x2f\xfd", "\x06f2a8",
		strings.Repeat("京A12345 ", 40_000), `{"Ret":0,"Msg":"成功","Data":"","Sig":""}`, string(packWords)} {
		p := new(packing).pack([]byte(v))
		back, err := unpack(p)
		if err != nil || string(back) != v {
			t.Errorf("%.40q comes back as %.40q, %v", v, back, err)
		}
		if len(v) > 1000 && len(p) > len(v)/20 {
			t.Errorf("%d bytes are packed into %d", len(v), len(p))
		}
	}
	for _, bad := range []string{"\x01no frame", "\x02", "\x02\x00no frame", "\x03", "\x03\x05no block",
		"\x03\xff\xff\xff\xff\x0f\x00", "\x04", "\x04\x00\x05no block", "\x04\x01\x00\x10short",
		"\x05", "\x05\x00\x05no block", "\x05\x01\x01\x10short"} {
		if _, err := unpack([]byte(bad)); !errors.Is(err, errNotPacked) {
			t.Errorf("%q is unpacked: %v", bad, err)
		}
	}
}

// TestUnpackOlder reads values as versions before have packed them.
func TestUnpackOlder(t *testing.T) {
	for want, v := range map[string][]byte{
		`{"method":"time","minutes":30,"amount":"0.00"}`:                            frame,
		`{"Ret":0,"Msg":"成功",` + ciphertext + `"F2A82887F59A43ADEEF391C8F5ED052A"}`: runs,
	} {
		if got, err := unpack(v); err != nil || string(got) != want {
			t.Errorf("%q comes back as %q, %v", want, got, err)
		}
	}
}

// TestPackingKeepsValues: the values of one statement lie beside each other, whatever comes behind them.
func TestPackingKeepsValues(t *testing.T) {
	var p packing
	for range 2 {
		var packed [][]byte
		var texts []string
		p.values = p.values[:0]
		for i := range 200 {
			texts = append(texts, string(packWords[i*8:i*8+i*33]))
			packed = append(packed, p.pack([]byte(texts[i])))
		}
		for i, v := range packed {
			if got, err := unpack(v); err != nil || string(got) != texts[i] {
				t.Fatalf("value %d: %.40q comes back as %.40q, %v", i, texts[i], got, err)
			}
		}
	}
}

// TestPackRuns: hex and Base64 are kept as the bytes that they stand for, whatever stands around them.
func TestPackRuns(t *testing.T) {
	sealed := bytes.Repeat([]byte{0x97, 0x01, 0xfe, 0x58, 0x33}, 40)
	for name, c := range map[string]struct {
		text string
		most int
	}{
		"a signature":       {`{"sign":"F2A82887F59A43ADEEF391C8F5ED052A","ok":true}`, 48},
		"in lower case":     {`{"sign":"f2a82887f59a43adeef391c8f5ed052a","ok":true}`, 48},
		"an odd digit":      {`{"sign":"f2a82887f59a43adeef391c8f5ed052a1","ok":true}`, 49},
		"mixed case":        {`{"sign":"f2a82887F59A43ADEEF391C8F5ED052A","ok":true}`, 53},
		"ciphertext":        {`{"Data":"` + base64.StdEncoding.EncodeToString(sealed) + `","Seq":"0001"}`, 230},
		"with one =":        {`{"Data":"` + base64.StdEncoding.EncodeToString(sealed[:197]) + `","Seq":"0001"}`, 227},
		"with two =":        {`{"Data":"` + base64.StdEncoding.EncodeToString(sealed[:196]) + `","Seq":"0001"}`, 226},
		"without them":      {`{"Data":"` + base64.RawStdEncoding.EncodeToString(sealed[:196]) + `","Seq":"0001"}`, 228},
		"a loose last bit":  {`{"Data":"` + strings.Repeat("lwH+", 12) + `lx=="}`, 66},
		"Base64 of JSON":    {base64.StdEncoding.EncodeToString(packWords[600:1200]), 200},
		"padding, no run":   {`====================================================`, 52},
		"nothing but a run": {strings.Repeat("0123456789abcdef", 8), 65},
		"a digest":          {"f2a82887f59a43ad", 9},
		"in upper case":     {"F2A82887F59A43AD", 16},
	} {
		p := new(packing).pack([]byte(c.text))
		back, err := unpack(p)
		if err != nil || string(back) != c.text {
			t.Errorf("%s: %q comes back as %q, %v", name, c.text, back, err)
		}
		if len(p) > c.most {
			t.Errorf("%s: %d bytes are packed into %d, at most %d are wanted", name, len(c.text), len(p), c.most)
		}
	}
}

// frame is a reduction as the first version that packed has kept it, runs a reply as the one behind it has.
var (
	frame, _   = hex.DecodeString("0128b52ffd0100014500000001540007240703")
	ciphertext = `"Data":"` + strings.Repeat("lwH+", 12) + `lw==","Sig":`
	runs, _    = hex.DecodeString("020282012525109701fe9701fe9701fe9701fe9701fe9701fe9701fe9701fe9701fe9701fe9701fe" +
		"9701fe97f2a82887f59a43adeef391c8f5ed052a010001450000000154000b24d827")
)

func FuzzUnpack(f *testing.F) {
	f.Add(new(packing).pack(packWords[:500]))
	f.Add(new(packing).pack([]byte(`{"sign":"F2A82887F59A43ADEEF391C8F5ED052A",` + ciphertext + `""}`)))
	f.Add([]byte{runsFrameMark})
	f.Add([]byte{runsBlockMark})
	f.Add([]byte{runBlockMark})
	f.Add([]byte{blockMark})
	f.Add([]byte{hexMark, 0xb5})
	f.Add(frame)
	f.Add(runs)
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := unpack(b); err == nil {
			if back, err := unpack(new(packing).pack(v)); err != nil || !bytes.Equal(back, v) {
				t.Errorf("%q comes back as %q, %v", v, back, err)
			}
		}
	})
}

// TestPackedInTables looks at what SQLite has: packed where it gains, and read back whole, as are values of before.
func TestPackedInTables(t *testing.T) {
	cfg := Config{DataDir: t.TempDir(), Clock: time.Now}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ids := charge.NewIDs(1, time.Now)
	push := charge.Push{ID: ids.Next(), Platform: "telaidian", Received: time.Now(), Outcome: charge.OutcomeAccepted,
		Request: []byte("POST /zld/telaidian/notification_charge_end_order_info HTTP/1.1\r\n" +
			"Content-Type: application/json; charset=utf-8\r\n\r\n{}"),
		Reply: []byte(`{"Ret":0,"Msg":"成功","Data":"","Sig":"0123456789ABCDEF"}`)}
	err = s.Write(t.Context(), nil, func(tx *Tx) error { return tx.AddPush(push) })
	if err != nil {
		t.Fatal(err)
	}
	same := func(s *Store, when string) {
		t.Helper()
		err := s.Read(t.Context(), func(tx *Tx) error {
			p, err := tx.Push(push.ID)
			if err == nil && (!bytes.Equal(p.Request, push.Request) || !bytes.Equal(p.Reply, push.Reply)) {
				t.Errorf("%s: %q, %q", when, p.Request, p.Reply)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	same(s, "as written")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := dialSQLite(filepath.Join(cfg.DataDir, databaseFile), "")
	if err != nil {
		t.Fatal(err)
	}
	n, err := c.value("SELECT length(request) FROM push")
	if kept, _ := n.(int64); err != nil || kept == 0 || kept > int64(len(push.Request)/2) {
		t.Errorf("a request of %d bytes is kept in %v, %v", len(push.Request), n, err)
	}
	_, err = c.run("UPDATE push SET request = ?, reply = ?", []any{push.Request, push.Reply}) // as a version before had it
	if err := errors.Join(err, c.close()); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	same(s, "of before")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
