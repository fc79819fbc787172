package main

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"

	"github.com/chargestamp/chargestamp/app"
)

// validateCommand checks files before a server sees them.
type validateCommand struct {
	Config  string `placeholder:"FILE" type:"path" help:"Config file."`
	Estate  string `placeholder:"FILE" help:"Estate file; - is standard input."`
	Profile string `placeholder:"FILE" type:"path" help:"An operator's own platform profile."`
}

// Run prints what is wrong, each with file, line and reason: exit code 1. Without a mistake it prints "ok".
func (v *validateCommand) Run(c *console) error {
	if v.Config == "" && v.Estate == "" && v.Profile == "" {
		return usage("give --config, --estate or --profile")
	}
	warnOfEnv(c)
	cfg := app.Defaults()
	bad := false
	report := func(file string, err error) {
		for _, fault := range app.Faults(err) {
			bad = true
			fmt.Fprintln(c.err, fault)
		}
		if err == nil {
			fmt.Fprintln(c.out, file+": ok")
		}
	}
	if v.Config != "" {
		report(v.Config, v.config(&cfg))
	}
	if v.Estate != "" {
		report(v.Estate, v.estate(c, cfg.Platforms.Dir))
	}
	if v.Profile != "" {
		_, err := app.CheckProfile(v.Profile)
		report(v.Profile, err)
	}
	if bad {
		return errFailed
	}
	return nil
}

// config reports what cannot be read of a file and what cannot work of the rest, all at once.
func (v *validateCommand) config(cfg *app.Config) error {
	unread := cfg.ReadFile(v.Config)
	faults := app.Faults(unread)
	for _, fault := range app.Faults(cfg.Validate()) {
		faults = append(faults, fmt.Errorf("%s: %w", v.Config, fault))
	}
	return errors.Join(faults...)
}

func (v *validateCommand) estate(c *console, profiles string) error {
	src, err := c.readFile(v.Estate)
	if err != nil {
		return err
	}
	weak, err := app.ValidateEstate(v.Estate, src, profiles)
	warnOf(c, weak)
	return err
}

type configCommand struct {
	Show configShow `cmd:"" help:"Print the settings that serve would use, secrets masked."`
}

type configShow struct {
	serveFlags
}

// Run prints the settings as a config file.
func (s *configShow) Run(c *console) error {
	cfg, err := s.config()
	if err != nil {
		return err
	}
	warnOfEnv(c)
	text, err := yaml.Marshal(cfg.Shown())
	if err != nil {
		return err
	}
	_, err = c.out.Write(text)
	return err
}
