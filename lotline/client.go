package lotline

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// Config says where a car park connects and what its software does with what it hears. Addr, UnionID, ParkID and
// Key are required.
type Config struct {
	Addr    string // host:port of the line; 6789 is usual
	UnionID string // the vendor's number
	ParkID  string // the lot's number
	LocalID string // which machine of the lot this is; "pc1_channels_A1_A2" manages channels A1 and A2
	Key     string // the lot's ckey, or the vendor's ukey

	NoDownlinks bool // receive_cloud "0": this machine takes no reductions
	NoPrices    bool // prepay_query 0: this machine is not asked for prices

	TLS *tls.Config // not nil: TLS, where the gateway offers it

	// Store keeps what must survive (see filestore.Open). The Client closes it. Nil keeps in memory, for simulators: a
	// restart then loses what was not sent and forgets which reductions were taken.
	Store Store

	// OnReduction takes a reduction off. Its error is the lot's no (state 0) with its text; the cloud does not
	// ask again then. It is called for one at a time, and again for the same uuid only where the process died
	// before the uuid could be remembered. Nil refuses all.
	OnReduction func(context.Context, Reduction) error
	// OnPrice reports what a stay costs now. Its error is sent to the cloud. Nil refuses all.
	OnPrice func(context.Context, PriceQuery) (Price, error)
	// OnPass answers a pass-through. Nil refuses all.
	OnPass func(ctx context.Context, data string) (string, error)
	// OnOther hears every other message: copies of the entries and exits of other machines, and what this
	// package does not know. The bytes may be kept.
	OnOther func(service string, message []byte)
	// OnAnswer hears what became of an uplink that was kept for later.
	// It must not call the Client.
	OnAnswer func(service, orderID string, a Answer)

	Beat       time.Duration // between heartbeats; default 30 s. Two without answer break the line.
	AnswerWait time.Duration // for the answer to an uplink; default 10 s
	Drain      time.Duration // between kept uplinks after a reconnection; default 1 s
	MinBackoff time.Duration // before the first reconnection; default 1 s, doubled up to MaxBackoff
	MaxBackoff time.Duration // default 60 s. Half of each wait is chance, so that lots do not come all at once.

	Logger *slog.Logger // default slog.Default
	Hooks  *Hooks       // for simulators
	// Dial replaces the network, for tests.
	Dial func(context.Context) (net.Conn, error)
}

func (c Config) withDefaults() Config {
	for field, value := range map[*time.Duration]time.Duration{
		&c.Beat: 30 * time.Second, &c.AnswerWait: 10 * time.Second, &c.Drain: time.Second,
		&c.MinBackoff: time.Second, &c.MaxBackoff: time.Minute,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Hooks == nil {
		c.Hooks = &Hooks{}
	}
	if c.Dial == nil {
		c.Dial = c.dial
	}
	return c
}

func (c Config) dial(ctx context.Context) (net.Conn, error) {
	if c.TLS != nil {
		return (&tls.Dialer{Config: c.TLS}).DialContext(ctx, "tcp", c.Addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", c.Addr)
}

// Client is one machine of a car park. It holds its line by itself: it logs in, beats, and reconnects.
type Client struct {
	cfg    Config
	keep   Store
	ctx    context.Context // over with the Client; callbacks get it
	cancel context.CancelFunc
	done   chan struct{}
	kept   chan struct{} // says that an uplink was kept for later; holds one
	gate   gate

	// Reductions that were taken and could not be remembered in the store. Only callbacks use it, one at a time.
	unkept map[string]bool

	mu      sync.Mutex
	line    *line         // nil while off line
	changed chan struct{} // closed and replaced whenever line or refused changes
	refused error         // why the last login failed
	awayTo  time.Time     // no connection before
}

// Answer is what the cloud says to an uplink.
type Answer struct {
	State  int // 1 taken, 0 refused
	ErrMsg string
	// Kept says that there is no answer yet: the line is down, or the cloud did not answer. The uplink is in
	// the store and goes out later.
	Kept bool
}

// Taken reports whether the cloud has the uplink, by this message or an earlier one.
func (a Answer) Taken() bool {
	return a.State == 1 || strings.HasPrefix(a.ErrMsg, "数据已处理过")
}

// ErrLogin says that the cloud refused the login.
var ErrLogin = errors.New("login refused")

// ErrClosed says that the Client was closed.
var ErrClosed = errors.New("client is closed")

// New starts to connect, which may take for ever: uplinks are kept meanwhile.
func New(cfg Config) (*Client, error) {
	if cfg.Addr == "" && cfg.Dial == nil || cfg.UnionID == "" || cfg.ParkID == "" || cfg.Key == "" {
		return nil, errors.New("lotline: Addr, UnionID, ParkID and Key are required")
	}
	c := &Client{
		cfg: cfg.withDefaults(), done: make(chan struct{}), kept: make(chan struct{}, 1), changed: make(chan struct{}),
		unkept: make(map[string]bool),
	}
	if c.keep = cfg.Store; c.keep == nil {
		c.keep = newMemory()
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// Dial is New, and waits for the first login. It returns an error that wraps ErrLogin where the cloud refuses it,
// and the last failure where ctx is over first; the Client is closed then.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	if err := c.Online(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// Close hangs up and closes the store. What was not sent stays in it.
func (c *Client) Close() error {
	c.cancel()
	c.Thaw()
	<-c.done
	return c.keep.Close()
}

// Online waits until the line is up. It returns an error that wraps ErrLogin as soon as the cloud has refused a
// login; the Client goes on trying.
func (c *Client) Online(ctx context.Context) error {
	for {
		c.mu.Lock()
		l, refused, changed := c.line, c.refused, c.changed
		c.mu.Unlock()
		switch {
		case l != nil:
			return nil
		case refused != nil:
			return refused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("lotline: not on line: %w", ctx.Err())
		case <-c.done:
			return ErrClosed
		}
	}
}

// Kept is how many uplinks the cloud has not taken yet.
func (c *Client) Kept() (int, error) { return c.keep.Count() }

// Entry reports that a car has come in. The error is about the entry or the store; that the line is down is none,
// the Answer says Kept then.
func (c *Client) Entry(ctx context.Context, e Entry) (Answer, error) {
	data, err := e.encode()
	if err != nil {
		return Answer{}, err
	}
	return c.tell(ctx, serviceIn, e.OrderID, data)
}

// Exit reports that a car has gone out; see Entry.
func (c *Client) Exit(ctx context.Context, e Exit) (Answer, error) {
	data, err := e.encode()
	if err != nil {
		return Answer{}, err
	}
	return c.tell(ctx, serviceOut, e.OrderID, data)
}

// Usage reports what was really taken off for a charge; see Entry.
func (c *Client) Usage(ctx context.Context, u Usage) (Answer, error) {
	data, err := u.encode()
	if err != nil {
		return Answer{}, err
	}
	return c.tell(ctx, serviceUsage, u.OrderID, data)
}

// Upload sends data, a JSON object, as any service, without keeping it: the answer or an error.
func (c *Client) Upload(ctx context.Context, service string, data []byte) ([]byte, error) {
	l := c.current()
	if l == nil {
		return nil, errOffLine
	}
	return l.ask(ctx, service, data)
}

func (c *Client) current() *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line
}

// tell keeps an uplink and sends it. It goes out later where the line is down, or where something about the same
// stay is waiting: an exit must not overtake its entry.
func (c *Client) tell(ctx context.Context, service, order string, data []byte) (Answer, error) {
	id, err := c.keep.Add(service, order, data, time.Now())
	if err != nil {
		return Answer{}, fmt.Errorf("lotline: store: %w", err)
	}
	behind, err := c.keep.Waits(order)
	if err != nil {
		return Answer{}, fmt.Errorf("lotline: store: %w", err)
	}
	l := c.current()
	if l == nil || behind {
		return c.forLater(id)
	}
	raw, err := l.ask(ctx, service, data)
	if err != nil {
		return c.forLater(id)
	}
	a, final := readAnswer(raw)
	if !final {
		return c.forLater(id)
	}
	return a, c.forget(id)
}

func (c *Client) forLater(id int64) (Answer, error) {
	if err := c.keep.Later(id); err != nil {
		return Answer{}, fmt.Errorf("lotline: store: %w", err)
	}
	select {
	case c.kept <- struct{}{}:
	default:
	}
	return Answer{Kept: true}, nil
}

func (c *Client) forget(id int64) error {
	if err := c.keep.Remove(id); err != nil {
		return fmt.Errorf("lotline: store: %w", err)
	}
	return nil
}

// run holds the line until the Client is closed.
func (c *Client) run() {
	defer close(c.done)
	failures := 0
	for c.ctx.Err() == nil {
		begun := time.Now()
		err := c.session()
		if c.ctx.Err() != nil {
			return
		}
		c.cfg.Logger.Info("line is down", "lot", c.cfg.UnionID+"/"+c.cfg.ParkID, "error", err)
		if time.Since(begun) > c.cfg.MaxBackoff {
			failures = 0
		}
		wait := max(c.backoff(failures), time.Until(c.away()))
		failures++
		select {
		case <-time.After(wait):
		case <-c.ctx.Done():
		}
	}
}

func (c *Client) away() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.awayTo
}

// backoff doubles with each failure; half of it is chance.
func (c *Client) backoff(failures int) time.Duration {
	d := c.cfg.MinBackoff << min(failures, 20)
	if d <= 0 || d > c.cfg.MaxBackoff {
		d = c.cfg.MaxBackoff
	}
	return d/2 + rand.N(d/2+1)
}

// session is one connection from dial to close. It returns why it ended.
func (c *Client) session() error {
	dialing, cancel := context.WithTimeout(c.ctx, c.cfg.AnswerWait)
	nc, err := c.cfg.Dial(dialing)
	cancel()
	if err != nil {
		return err
	}
	l := newLine(c, nc)
	defer l.close()
	stop := context.AfterFunc(c.ctx, l.close)
	defer stop()
	if err := l.login(); err != nil {
		if errors.Is(err, ErrLogin) {
			c.setLine(nil, err)
		}
		return err
	}
	c.setLine(l, nil)
	defer c.setLine(nil, nil)
	return l.serve()
}

func (c *Client) setLine(l *line, refused error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line, c.refused = l, refused
	close(c.changed)
	c.changed = make(chan struct{})
}
