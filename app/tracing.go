package app

import (
	"context"
	"net/url"

	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/tracing"
)

// check says what is wrong with the settings.
func (c TracingConfig) check() error {
	if _, err := prefixes(c.AllowTo); err != nil {
		return configError("tracing.allow_to: %w", err)
	}
	if c.Share < 0 || c.Share > 1 {
		return configError("tracing.share %v is not between 0 and 1", c.Share)
	}
	u, err := url.Parse(c.URL)
	if c.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return configError("tracing.url is not an http address")
	}
	return nil
}

// makeTracing builds what sends traces; nil where the setting is off.
func (a *App) makeTracing() (flow.Tracer, error) {
	c := a.cfg.Tracing
	if err := c.check(); err != nil || c.URL == "" {
		return nil, err
	}
	allow, err := prefixes(c.AllowTo)
	if err != nil {
		return nil, err
	}
	t := tracing.New(tracing.Config{URL: c.URL, Share: c.Share, Node: a.cfg.Node, Version: Version, Logger: a.logger,
		Client: allowing(guarded(reporting), allow)})
	a.onStop(1, func(ctx context.Context) {
		if err := t.Stop(ctx); err != nil {
			a.logger.Warn("the last traces were not sent", "error", err)
		}
	})
	return t, nil
}
