// Package line is the server end of the long line that SDK car parks hang on: framing, login, heartbeat,
// uplinks (2.1, 2.2, 2.3, 2.34, 2.20 and answers), downlinks (3.25, 3.36, 3.1, 3.22), over TCP and over the
// vendor's HTTP mode.
//
// The wire is the one of the published ParkingOS server of 2018 and of the public SDK book, and reads as the vendor's
// SDK before 4.0 was seen to read. What is ours: frames of up to 64 KiB, TLS, 3.25 and 3.36 over HTTP, limits on
// connections that do not log in.
package line

import (
	"context"
	"log/slog"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/machine"
)

// Config is what a Server needs. Directory, Events and Sessions are required; everything else has a default.
type Config struct {
	Directory Directory
	Events    lot.Events
	Sessions  SessionBook
	Node      string           // this node's name in session rows
	Now       func() time.Time // default time.Now
	Machine   machine.Machine  // default the real one
	Logger    *slog.Logger     // default slog.Default
	Metrics   Metrics          // default none
	// LoginRefused is called for a refused login of a lot that is there, at most once in ten seconds for each reason.
	LoginRefused func(charge.LotID, charge.RefusedLogin)

	FrameBytes   int           // longest uplink; default 64 KiB (the server of 2018: 1,024)
	OfflineAfter time.Duration // silence after which a line is closed; default 3 minutes
	FloodPer10s  int           // uplinks of one token in 10 s; default 100
	LoginPerS    int           // good logins of one lot in a second; default 20
	AckWait      time.Duration // how long a lot may take to answer a downlink; default DefaultAckWait
	LoginWait    time.Duration // how long a connection may stay without login; default 10 s
	PollWait     time.Duration // how long a poll of HTTP mode is held; default 30 s

	// MaxWaiting and MaxWaitingPerAddress bound the connections that have not logged in, in all and from one network
	// (IPv6: a /64); beyond, the oldest of them is closed. Defaults 10,000 and 1,000.
	MaxWaiting           int
	MaxWaitingPerAddress int
}

// Directory is lot.Directory, and finds lots by park_id alone: the cloud link of the SDK before 4.0 names no vendor.
type Directory interface {
	lot.Directory
	// Park lists the lots of a park_id, of whichever vendor.
	Park(park string) []charge.LotID
}

// DefaultAckWait is how long a lot may take to answer a downlink.
const DefaultAckWait = 7 * time.Second

// SessionBook keeps, for other nodes and for the console, which node holds which line. It is written in
// batches, some time after a login or a close.
type SessionBook interface {
	// Put stores sessions, each in place of the one with the same lot, local_id and link, and sets their Epoch:
	// one more than that of the session it replaced.
	Put(ctx context.Context, sessions []charge.LineSession) error
	// Beat stores the Beat of sessions that are stored with the same epoch, and returns those that others hold:
	// their lot has logged in on another node. One that no node holds is stored anew and gets its new Epoch.
	Beat(ctx context.Context, sessions []charge.LineSession) (gone []charge.LineSession, err error)
	// End deletes the sessions that are stored with the same epoch.
	End(ctx context.Context, sessions []charge.LineSession) error
}

// Metrics counts what happens on lines. All texts come from short closed lists.
type Metrics interface {
	// Refused counts a connection, frame, login, uplink or poll that was dropped or refused.
	Refused(reason string)
	// Closed counts a closed connection.
	Closed(reason string)
	// Uplink counts an uplink that was taken, with the time from frame to answer.
	Uplink(service string, took time.Duration)
	// Delivered counts a try of a delivery, with the time from write to answer.
	Delivered(result charge.AttemptResult, took time.Duration)
}

// Stats is how many there are of what at the moment.
type Stats struct {
	Connections int // open TCP connections
	Waiting     int // of them without login
	Sessions    int // logged in, HTTP mode included
	Pending     int // downlinks that wait for their answer
}

func (c Config) withDefaults() Config {
	setDefault(&c.FrameBytes, 64<<10)
	setDefault(&c.OfflineAfter, 3*time.Minute)
	setDefault(&c.FloodPer10s, 100)
	setDefault(&c.LoginPerS, 20)
	setDefault(&c.AckWait, DefaultAckWait)
	setDefault(&c.LoginWait, 10*time.Second)
	setDefault(&c.PollWait, 30*time.Second)
	setDefault(&c.MaxWaiting, 10_000)
	setDefault(&c.MaxWaitingPerAddress, 1_000)
	c.Machine = c.Machine.Real()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = noMetrics{}
	}
	return c
}

// outBytes is how much a line may leave unread.
func (c *Config) outBytes() int { return 4 * max(c.FrameBytes, restBytes) }

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

type noMetrics struct{}

func (noMetrics) Refused(string)                                {}
func (noMetrics) Closed(string)                                 {}
func (noMetrics) Uplink(string, time.Duration)                  {}
func (noMetrics) Delivered(charge.AttemptResult, time.Duration) {}
