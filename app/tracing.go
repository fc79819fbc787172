package app

import (
	"context"
	"errors"

	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/tracing"
)

// check says what is wrong with the settings.
func (c TracingConfig) check() error {
	_, err := prefixes(c.AllowTo)
	err = faultsUnder("tracing.allow_to", err)
	if c.Share < 0 || c.Share > 1 {
		err = errors.Join(err, configError("tracing.share %v is not between 0 and 1", c.Share))
	}
	if c.URL != "" && !isWebAddress(c.URL) {
		err = errors.Join(err, configError("tracing.url is not an http address"))
	}
	return err
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
			a.logger.Warn("last traces not sent", "error", err)
		}
	})
	return t, nil
}
