package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/chargestamp/chargestamp/app"
)

func lookupEnv(name string) (string, bool) { return os.LookupEnv(name) }

// serveCommand runs the gateway.
type serveCommand struct {
	serveFlags
	Estate string `placeholder:"FILE" type:"path" help:"Estate file, applied at start."`
	Pprof  string `placeholder:"ADDR" help:"Serve profiles on this loopback address." hidden:""`
}

// serveFlags are the settings that flags may say. Flags beat the environment, which beats the config file.
type serveFlags struct {
	Config     string `placeholder:"FILE" type:"path" help:"Config file (YAML)."`
	Data       string `placeholder:"DIR" help:"Data folder; default ./data."`
	Database   string `placeholder:"URL" help:"postgres://…; by default SQLite in the data folder."`
	HTTP       string `name:"http" placeholder:"ADDR" help:"Public HTTP; default :8080."`
	Admin      string `placeholder:"ADDR" help:"Admin HTTP; default 127.0.0.1:8081."`
	Line       string `placeholder:"ADDR" help:"Line TCP; default :6789."`
	Health     string `placeholder:"ADDR" help:"Health HTTP for load balancers: /healthz, /readyz; off by default."`
	SecretsKey string `placeholder:"FILE" type:"path" help:"Key that seals secrets; default secrets.key in --data."`
	Node       string `help:"This node's name, where several serve one database; made up by default." hidden:""`
}

func (s *serveFlags) config() (app.Config, error) {
	cfg := app.Defaults()
	if s.Config != "" {
		if err := cfg.ReadFile(s.Config); err != nil {
			return cfg, usageError{err}
		}
	}
	if err := cfg.ReadEnv(lookupEnv); err != nil {
		return cfg, usageError{err}
	}
	for flag, to := range map[*string]*string{&s.Data: &cfg.Data, &s.Database: &cfg.Database.URL, &s.HTTP: &cfg.HTTP.Addr,
		&s.Admin: &cfg.Admin.Addr, &s.Line: &cfg.Line.Addr, &s.Health: &cfg.Health.Addr,
		&s.SecretsKey: &cfg.SecretsKeyFile, &s.Node: &cfg.Node} {
		if *flag != "" {
			*to = *flag
		}
	}
	return cfg, nil
}

// warnOfEnv names variables of the environment that are misspelt settings: they change nothing.
func warnOfEnv(c *console) {
	for _, m := range app.MisspeltEnv(os.Environ()) {
		fmt.Fprintf(c.err, "chargestamp: %s in the environment is no setting and changes nothing; %s is one\n", m.Name,
			m.Meant)
	}
}

// readyLine notifies scripts that the server listens, and where.
type readyLine struct {
	Ready  bool   `json:"ready"`
	HTTP   string `json:"http"`
	Admin  string `json:"admin"`
	Line   string `json:"line"`
	Health string `json:"health,omitempty"`
}

// stopWithin bounds a graceful stop.
const stopWithin = 15 * time.Second

// Run serves until the process is asked to stop.
func (s *serveCommand) Run(c *console) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	warnOfEnv(c)
	if s.Pprof != "" {
		stop, err := servePprof(s.Pprof)
		if err != nil {
			return err
		}
		defer stop()
	}
	a, err := app.New(c.ctx, cfg)
	if err != nil {
		return misconfigured(err)
	}
	defer a.Stop(stopWithin)
	if s.Estate != "" {
		if err := a.ApplyFile(c.ctx, s.Estate); err != nil {
			return err
		}
	}
	if err := a.Start(c.ctx); err != nil {
		return misconfigured(err)
	}
	if err := a.OfferSetup(c.ctx, c.err, isTerminal(os.Stderr)); err != nil {
		fmt.Fprintln(c.err, "chargestamp:", err)
	}
	hangups := make(chan os.Signal, 1) // heard before anybody knows that it serves: unheard, one ends the process
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	at := a.Addresses()
	if err := json.NewEncoder(c.out).Encode(readyLine{true, at.HTTP, at.Admin, at.Line, at.Health}); err != nil {
		return err
	}
	notify(daemon.SdNotifyReady)
	defer notify(daemon.SdNotifyStopping) // before the stop itself, which was deferred earlier
	for {
		select {
		case <-c.ctx.Done():
			return nil
		case err := <-a.Fatal():
			return err
		case <-hangups:
			s.reload(c, a)
		}
	}
}

// reload takes up the configuration as it is written now. A mistake in it is printed, and the former one stays.
func (s *serveCommand) reload(c *console, a *app.App) {
	notifyReloading()
	defer notify(daemon.SdNotifyReady)
	cfg, err := s.config()
	if err == nil {
		_, _, err = a.Reload(c.ctx, cfg)
	}
	if err != nil {
		fmt.Fprintln(c.err, "chargestamp: nothing was taken up:", err)
	}
}

// misconfigured makes wrong use of an error that a configuration is to blame for.
func misconfigured(err error) error {
	if wrong := (*app.ConfigError)(nil); errors.As(err, &wrong) {
		return usageError{err}
	}
	return err
}
