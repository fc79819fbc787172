package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/webhook"
)

// makeWebhooks builds what posts to the webhooks of the config file.
func (a *App) makeWebhooks() error {
	targets, err := webhookTargets(a.cfg.Webhooks)
	if err != nil {
		return err
	}
	client := outbound.NewClient(outbound.Options{Timeout: posting})
	a.onStop(1, func(context.Context) { client.Close() })
	a.webhooks = webhook.New(client, a.clock.Now, a.logger)
	a.webhooks.SetTargets(targets)
	return nil
}

// webhookTargets reads the webhooks of a configuration.
func webhookTargets(configs []WebhookConfig) (targets []webhook.Target, err error) {
	for i, c := range configs {
		t, wrong := webhookTarget(c)
		if t.Name != "" && slices.ContainsFunc(targets, func(other webhook.Target) bool { return other.Name == t.Name }) {
			wrong = errors.Join(wrong, fmt.Errorf("name %q is used twice; give each its own", t.Name))
		}
		err = errors.Join(err, faultsUnder(fmt.Sprintf("webhooks[%d]", i), wrong))
		targets = append(targets, t)
	}
	if err != nil {
		return nil, err
	}
	return targets, nil
}

func webhookTarget(c WebhookConfig) (webhook.Target, error) {
	t := webhook.Target{Name: c.Name, URL: c.URL, Secret: c.Secret, WholePlates: c.Plates == "full"}
	var err error
	if c.Plates != "" && c.Plates != "full" && c.Plates != "masked" {
		err = fmt.Errorf("plates %q is neither masked nor full", c.Plates)
	}
	for _, s := range c.On {
		t.On = append(t.On, charge.State(s))
	}
	allow, wrong := prefixes(c.AllowTo)
	for _, fault := range Faults(wrong) {
		err = errors.Join(err, fmt.Errorf("allow_to: %w", fault))
	}
	t.Allow = allow
	return t, errors.Join(err, t.Check())
}

// mostResent bounds how many messages are made due in one commit.
const mostResent = 10_000

// posts lets staff see and resend what webhooks have not taken.
type posts struct{ *App }

// Queues lists the webhooks of the settings, and those that something waits for still.
func (p posts) Queues(ctx context.Context) ([]charge.WebhookQueue, error) {
	waiting, err := p.store.WebhookQueues(ctx)
	return p.webhooks.Standing(waiting), err
}

// Known reports whether the settings name a webhook, or something waits for it still.
func (p posts) Known(ctx context.Context, name string) (bool, error) {
	if slices.Contains(p.webhooks.Names(), name) {
		return true, nil
	}
	return p.store.AwaitsWebhook(ctx, name)
}

// Messages lists the messages to a webhook that it has not taken.
func (p posts) Messages(ctx context.Context, f charge.WebhookFilter) (charge.Page[charge.WebhookMessage], error) {
	return p.store.WebhookMessages(ctx, f)
}

// Resend sends the messages to a webhook at once, given up or not, and returns how many there are.
func (p posts) Resend(ctx context.Context, name string) (n int64, err error) {
	p.webhooks.Forgive(name)
	for more := int64(mostResent); err == nil && more == mostResent; n += more {
		more, err = p.store.WakeMessages(ctx, name, p.clock.Now(), mostResent)
	}
	p.flow.Hint(outbox.KindWebhook)
	return n, err
}
