package play

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Player plays one platform with one set of keys against a server. It fetches an access token where the
// platform has query_token, keeps it until shortly before its end, and asks anew when the server no longer
// takes it. Safe for concurrent use.
type Player struct {
	BaseURL   string // "http://127.0.0.1:8080"
	Platform  string
	Keys      Keys
	PathToken string           // appended to every path; empty for none
	Client    *http.Client     // nil: one that follows no redirects and waits 10 s
	Now       func() time.Time // nil: time.Now

	mu    sync.Mutex
	token string
	until time.Time
	asked time.Time
	seq   int
}

// Exchange is one request and its answer.
type Exchange struct {
	Request *Request
	Status  int
	Header  http.Header
	Body    []byte
	Answer  Answer
	Bad     error         // why Body is no answer in the platform's words; nil where it is
	Sent    time.Time     // just before the first byte
	Took    time.Duration // until the answer was read
	First   *Exchange     // BreakDuplicate: the exchange that this one repeats
}

// Said is the HTTP status, and the platform's own code and text where they could be read.
func (e *Exchange) Said() string {
	if e.Answer.Code == "" {
		return fmt.Sprintf("HTTP %d", e.Status)
	}
	return fmt.Sprintf("HTTP %d, code %s, %q", e.Status, e.Answer.Code, e.Answer.Text)
}

// Delivered reports whether the platform counts the push as delivered.
func (e *Exchange) Delivered() bool {
	return e.Status == http.StatusOK && e.Bad == nil && e.Answer.OK
}

// tokenMargin is how long before its end a token is no longer used; real senders were seen to take 60 s.
const tokenMargin = time.Minute

// tokenOver is what a platform hears when its token is not valid.
const tokenOver = "4002"

// Send reports one charge. An error means that there was no exchange; what the server said, refusals
// included, is in the Exchange.
func (p *Player) Send(ctx context.Context, push Push, o Options) (*Exchange, error) {
	v, err := voiceOf(p.Platform)
	if err != nil {
		return nil, err
	}
	own := o.Token == ""
	e, err := p.once(ctx, v, push, o)
	if err == nil && own && v.token != "" && o.Break != BreakToken && e.Answer.Code == tokenOver {
		p.forget()
		e, err = p.once(ctx, v, push, o)
	}
	if err != nil || o.Break != BreakDuplicate {
		return e, err
	}
	again, err := p.Do(ctx, e.Request)
	if again != nil {
		again.First = e
	}
	return again, err
}

// Prepare builds the request that Send would send, a fresh token in it where one is needed.
func (p *Player) Prepare(ctx context.Context, push Push, o Options) (*Request, error) {
	v, err := voiceOf(p.Platform)
	if err != nil {
		return nil, err
	}
	if o.PathToken == "" {
		o.PathToken = p.PathToken
	}
	if v.token != "" && o.Token == "" {
		if o.Token, err = p.Token(ctx); err != nil {
			return nil, err
		}
	}
	at, seq := p.stamp()
	if o.Seq == 0 {
		o.Seq = seq
	}
	return v.request(job{push, p.Keys, at, o})
}

func (p *Player) once(ctx context.Context, v voice, push Push, o Options) (*Exchange, error) {
	r, err := p.Prepare(ctx, push, o)
	if err != nil {
		return nil, err
	}
	return p.Do(ctx, r)
}

// Inquire asks as 小桔 whether a plate is in a lot.
func (p *Player) Inquire(ctx context.Context, push Push, o Options) (*Exchange, error) {
	if o.PathToken == "" {
		o.PathToken = p.PathToken
	}
	r, err := Inquiry(push, p.Keys, o)
	if err != nil {
		return nil, err
	}
	return p.Do(ctx, r)
}

// Do sends a request that Build or Prepare made, byte for byte, and reads the answer.
func (p *Player) Do(ctx context.Context, r *Request) (*Exchange, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, p.BaseURL+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	req.Header = r.Header.Clone()
	e := &Exchange{Request: r, Sent: time.Now()}
	resp, err := p.client().Do(req)
	if at := (*url.Error)(nil); errors.As(err, &at) {
		err = at.Err // the address may end in a path token
	}
	if err != nil {
		return nil, fmt.Errorf("push to %s: %w", p.Platform, err)
	}
	defer resp.Body.Close()
	if e.Body, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return nil, fmt.Errorf("push to %s: reading the answer: %w", p.Platform, err)
	}
	e.Took, e.Status, e.Header = time.Since(e.Sent), resp.StatusCode, resp.Header
	e.Answer, e.Bad = Decode(p.Platform, p.Keys, e.Body)
	if e.Bad == nil && p.Platform == "linghu" && e.Answer.OK {
		e.Bad = sameSign(r.Body, e.Body)
	}
	return e, nil
}

// sameSign checks that open interface 13 sent the request's own sign back, as the published examples of the book do.
func sameSign(request, answer []byte) error {
	var signs [2]struct{ Sign string }
	for i, text := range [][]byte{request, answer} {
		plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || json.Unmarshal(plain, &signs[i]) != nil {
			return fmt.Errorf("%w: not Base64 of JSON", ErrAnswer)
		}
	}
	if signs[0] != signs[1] {
		return fmt.Errorf("%w: its sign is not the request's", ErrAnswer)
	}
	return nil
}

// Token returns a valid access token, asking for one where none is at hand. One call asks at a time.
func (p *Player) Token(ctx context.Context) (string, error) {
	v, err := voiceOf(p.Platform)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.now()
	if p.token != "" && at.Before(p.until) {
		return p.token, nil
	}
	r, err := tokenRequest(v, p.Keys, at, Options{PathToken: p.PathToken, Seq: p.next(at)})
	if err != nil {
		return "", err
	}
	e, err := p.Do(ctx, r)
	if err != nil {
		return "", err
	}
	token, valid, err := readToken(p.Keys, e.Body)
	if err != nil {
		return "", fmt.Errorf("%s query_token: %s: %w", p.Platform, e.Said(), err)
	}
	p.token, p.until = token, at.Add(valid-tokenMargin)
	return token, nil
}

func (p *Player) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = ""
}

// stamp returns the time to seal with and its serial number inside the second.
func (p *Player) stamp() (time.Time, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.now()
	return at, p.next(at)
}

func (p *Player) next(at time.Time) int {
	second := at.Truncate(time.Second)
	if !second.Equal(p.asked) {
		p.asked, p.seq = second, 0
	}
	p.seq++
	return p.seq
}

func (p *Player) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Player) client() *http.Client {
	if p.Client != nil {
		return p.Client
	}
	return plainClient
}

// plainClient follows no redirects, as many platforms' clients do not.
var plainClient = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Dump writes the request as it goes over the wire; host is what stands in its Host header. The doctor
// (chargestamp check) reads this form.
func (r *Request) Dump(host string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Path, host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(r.Body))
	b.Write(r.Body)
	return b.Bytes()
}
