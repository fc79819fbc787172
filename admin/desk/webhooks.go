package desk

import (
	"context"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Webhooks lists the webhooks with what waits for each.
func (d *Desk) Webhooks(ctx context.Context) ([]charge.WebhookQueue, error) {
	queues, err := d.cfg.Webhooks.Queues(ctx)
	return queues, Wrap(err)
}

// WebhookMessages lists what a webhook has not taken, the newest first.
func (d *Desk) WebhookMessages(ctx context.Context, f charge.WebhookFilter) (charge.Page[charge.WebhookMessage],
	error) {
	if err := d.knownWebhook(ctx, f.Name); err != nil {
		return charge.Page[charge.WebhookMessage]{}, err
	}
	page, err := d.cfg.Webhooks.Messages(ctx, f)
	return page, Wrap(err)
}

// ResendWebhook sends what a webhook has not taken at once, what was given up too, and returns how many messages that
// are.
func (d *Desk) ResendWebhook(ctx context.Context, who guard.Identity, name string) (int64, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return 0, err
	}
	if err := d.knownWebhook(ctx, name); err != nil {
		return 0, err
	}
	n, err := d.cfg.Webhooks.Resend(ctx, name)
	if err != nil {
		return n, Wrap(err)
	}
	return n, d.Record(ctx, who, "webhook.resend", name, strconv.FormatInt(n, 10))
}

func (d *Desk) knownWebhook(ctx context.Context, name string) error {
	known, err := d.cfg.Webhooks.Known(ctx, name)
	if err == nil && !known {
		return Fail(NotFound, "no webhook has this name")
	}
	return Wrap(err)
}
