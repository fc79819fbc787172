package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Config is what the fee software hands to init (1.1 of the SDK book), and the pace of the SDK.
type Config struct {
	UnionID, Ukey string
	ParkID, Ckey  string
	BolinkAddr    string // host:port; required: init fails without this link
	CloudAddr     string // host:port; empty: payment only, no cloud link
	LocalID       string // of init; on the wire the SDK puts MAC and version in front
	MAC, Version  string // default 02fc00000001 and 2000
	SetParams     string // JSON object of the bolink login; empty for none

	// Receive is the callback of the fee software: every downlink, on a goroutine of its own. Nil hears nothing.
	Receive func(message []byte)
	Times   Times
}

// Times is the SDK's pace; a zero field is what was seen. Tests make it faster.
type Times struct {
	FirstBeat time.Duration // after a login; 11 s
	Beat      time.Duration // between heartbeats; 10 s
	Again     time.Duration // after a lost link, before both log in again; 5.5 s
	Minute    time.Duration // between rounds of what is stored; 1 min
	Pace      time.Duration // between stored orders of a round; 1 s
	LoginWait time.Duration // for a login's answer; 10 s
}

func (t Times) withDefaults() Times {
	for field, value := range map[*time.Duration]time.Duration{
		&t.FirstBeat: 11 * time.Second, &t.Beat: 10 * time.Second, &t.Again: 5500 * time.Millisecond,
		&t.Minute: time.Minute, &t.Pace: time.Second, &t.LoginWait: 10 * time.Second,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return t
}

// Link names one of the two connections.
type Link string

// The links of one PC.
const (
	Bolink Link = "bolink"
	Cloud  Link = "cloud"
)

// Errors of the SDK, in its own words.
var (
	// ErrInit says that init failed: no bolink link, or something behind a login's answer in the same read.
	ErrInit = errors.New("init failed")
	// ErrNotInitialized is what UploadData says for a link that is not there.
	ErrNotInitialized = errors.New("no Initialized!") //nolint:staticcheck // the vendor's own words
)

// Counts is what has happened since New.
type Counts struct {
	Logins  map[Link]int // that were answered with a token
	Torn    int          // frames that were lost because a read ended in them, or held more than it may
	Rounds  int          // times that both links were logged in again
	Resent  map[string]int
	Ignored int // answers without service_name
}

// SDK is one PC of a car park. It is safe for concurrent use.
type SDK struct {
	cfg     Config
	localID string
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	lost    chan *link // links that have broken

	mu      sync.Mutex
	links   map[Link]*link // that are up
	cloud   bool           // the cloud link was had at init
	orders  []*order       // stored, oldest first
	changed chan struct{}  // closed and replaced whenever one may have been forgotten
	counts  Counts
}

// New makes a PC that is not connected yet; Init connects it.
func New(cfg Config) *SDK {
	cfg.Times = cfg.Times.withDefaults()
	if cfg.MAC == "" {
		cfg.MAC = "02fc00000001"
	}
	if cfg.Version == "" {
		cfg.Version = "2000"
	}
	s := &SDK{
		cfg: cfg, localID: cfg.MAC + "_" + cfg.Version + "_" + cfg.LocalID, links: map[Link]*link{},
		lost:    make(chan *link, 8),
		changed: make(chan struct{}),
		counts:  Counts{Logins: map[Link]int{}, Resent: map[string]int{}},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// LocalID is the local_id on the wire, the same on both links.
func (s *SDK) LocalID() string { return s.localID }

// Init logs both links in. It returns an error that wraps ErrInit where the bolink link cannot be had, or where a login
// is not answered by one message alone. A cloud link that is refused is named by refused and not tried again.
func (s *SDK) Init(ctx context.Context) (refused string, err error) {
	bolink, err := s.open(ctx, Bolink)
	if err != nil {
		return "", fmt.Errorf("%w: bolink: %w", ErrInit, err)
	}
	up := map[Link]*link{Bolink: bolink}
	if s.cfg.CloudAddr != "" {
		cloud, err := s.open(ctx, Cloud)
		switch {
		case err == nil:
			up[Cloud] = cloud
		case errors.Is(err, errRefused):
			refused = err.Error()
		default:
			_ = bolink.nc.Close()
			return "", fmt.Errorf("%w: cloud: %w", ErrInit, err)
		}
	}
	s.mu.Lock()
	s.cloud = up[Cloud] != nil
	s.mu.Unlock()
	s.start(up)
	s.running.Go(s.keepUp)
	s.running.Go(s.forward)
	return refused, nil
}

// Close hangs up.
func (s *SDK) Close() {
	s.stop()
	s.closeLinks()
	s.running.Wait()
}

// Up lists the links that are logged in.
func (s *SDK) Up() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	var up []Link
	for _, name := range []Link{Bolink, Cloud} {
		if s.links[name] != nil {
			up = append(up, name)
		}
	}
	return up
}

// Counts returns what has happened so far.
func (s *SDK) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	c.Logins, c.Resent = map[Link]int{}, map[string]int{}
	for k, v := range s.counts.Logins {
		c.Logins[k] = v
	}
	for k, v := range s.counts.Resent {
		c.Resent[k] = v
	}
	return c
}

// UploadData sends any message of the fee software, an acknowledgement among them, on the link that its data_target
// names, without storing it.
func (s *SDK) UploadData(data []byte) error {
	var m struct {
		Service string `json:"service_name"`
		Target  Link   `json:"data_target"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("uploadData: %w", err)
	}
	l := s.link(m.Target)
	if l == nil {
		return fmt.Errorf("uploadData to %q: %w", m.Target, ErrNotInitialized)
	}
	return l.uplink(m.Service, data)
}

func (s *SDK) link(name Link) *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[name]
}

func (s *SDK) start(up map[Link]*link) {
	s.mu.Lock()
	for name, l := range up {
		s.links[name] = l
	}
	s.mu.Unlock()
	for _, l := range up {
		s.running.Go(l.read)
		s.running.Go(l.beat)
	}
}

func (s *SDK) closeLinks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, l := range s.links {
		l.close()
		delete(s.links, name)
	}
}

// keepUp logs both links in again wherever one has broken.
func (s *SDK) keepUp() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case l := <-s.lost:
			if s.link(l.name) != l {
				continue // an earlier round's
			}
		}
		s.closeLinks()
		for !s.again() {
			if s.ctx.Err() != nil {
				return
			}
		}
	}
}

// again waits and logs in; it reports false where that must be tried once more.
func (s *SDK) again() bool {
	if !s.pause(s.cfg.Times.Again) {
		return false
	}
	s.count(func(c *Counts) { c.Rounds++ })
	up := map[Link]*link{}
	for _, name := range s.wanted() {
		l, err := s.open(s.ctx, name)
		if err != nil {
			for _, l := range up {
				l.close()
			}
			return false
		}
		up[name] = l
	}
	s.start(up)
	return true
}

func (s *SDK) wanted() []Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cloud {
		return []Link{Bolink, Cloud}
	}
	return []Link{Bolink}
}

// pause waits; false where the SDK is closed meanwhile.
func (s *SDK) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *SDK) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

func (s *SDK) dial(ctx context.Context, name Link) (net.Conn, error) {
	addr := s.cfg.BolinkAddr
	if name == Cloud {
		addr = s.cfg.CloudAddr
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}
