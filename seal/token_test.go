package seal

import (
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	now := time.Unix(1_700_000_000, 500)
	until := now.Add(2 * time.Hour).Truncate(time.Second)
	token := SealToken(key, "teld-main", until)
	if len(token) != 64 || strings.Trim(token, "0123456789abcdef") != "" {
		t.Fatalf("token %q", token)
	}
	older := SealToken(key, "teld-main", until.Add(-time.Hour))
	for _, tok := range []string{token, older} {
		if _, err := OpenToken(key, "teld-main", tok, now); err != nil {
			t.Errorf("%s: %v", tok, err)
		}
	}
	if got, _ := OpenToken(key, "teld-main", token, now); !got.Equal(until) {
		t.Errorf("expiry %v, want %v", got, until)
	}
	for name, c := range map[string]struct {
		key     []byte
		account string
		token   string
		now     time.Time
	}{
		"another account": {key, "teld-other", token, now},
		"another key":     {[]byte("another"), "teld-main", token, now},
		"no key":          {nil, "teld-main", SealToken(nil, "teld-main", until), now},
		"over":            {key, "teld-main", token, until},
		"cut":             {key, "teld-main", token[:62], now},
		"longer":          {key, "teld-main", token + "00", now},
		"no hex":          {key, "teld-main", strings.Repeat("g", 64), now},
		"another case":    {key, "teld-main", strings.ToUpper(token), now},
		"empty":           {key, "teld-main", "", now},
	} {
		if _, err := OpenToken(c.key, c.account, c.token, c.now); err != ErrToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	mark, ok := MarkToken(token)
	if _, err := OpenMark(key, "teld-main", mark, now); !ok || err != nil || strings.Contains(mark, token[16:40]) {
		t.Errorf("mark %q, %v", mark, err)
	}
	for name, try := range map[string]func() (time.Time, error){
		"the mark as a token":   func() (time.Time, error) { return OpenToken(key, "teld-main", mark, now) },
		"the token as a mark":   func() (time.Time, error) { return OpenMark(key, "teld-main", token, now) },
		"another account's":     func() (time.Time, error) { return OpenMark(key, "teld-other", mark, now) },
		"of a site without key": func() (time.Time, error) { return OpenMark(nil, "teld-main", mark, now) },
		"a later expiry": func() (time.Time, error) {
			return OpenMark(key, "teld-main", strings.Replace(mark, token[:16], "00000000ffffffff", 1), now)
		},
		"over": func() (time.Time, error) { return OpenMark(key, "teld-main", mark, until) },
		"cut":  func() (time.Time, error) { return OpenMark(key, "teld-main", mark[:20], now) },
	} {
		if _, err := try(); err != ErrToken {
			t.Errorf("%s: %v", name, err)
		}
	}
	if mark, ok := MarkToken("Basic dXNlcjpwYXNz"); ok {
		t.Errorf("another text has the mark %q", mark)
	}
	for i := range len(token) {
		b := []byte(token)
		b[i] ^= 1
		if _, err := OpenToken(key, "teld-main", string(b), now); err == nil {
			t.Errorf("byte %d changed and still open", i)
		}
	}
}
