package store

import (
	"context"
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

const ofWebhook = "kind = 'webhook' AND route = ?"

var (
	webhookRoutes   = statementOf(routesOf("webhook"), tableJob)
	anyMessage      = statementOf("SELECT 1 FROM job WHERE "+ofWebhook+" LIMIT 1", tableJob)
	messagesWaiting = countMessages("gave_up = 0")
	messagesGivenUp = countMessages("gave_up <> 0")
	oldestMessage   = tableJob.selectWhere(ofWebhook + " AND gave_up = 0 ORDER BY id LIMIT 1")
	wakeMessages    = statementOf("UPDATE job SET due = ?, ready = ?, lease = '', lease_until = 0, gave_up = 0 "+
		"WHERE id IN (SELECT id FROM job WHERE "+ofWebhook+" AND ready > ? AND (lease = '' OR lease_until <= ?) "+
		"ORDER BY id LIMIT ?)", tableJob)
)

func countMessages(which string) *statement {
	return statementOf("SELECT count(*) FROM (SELECT 1 FROM job WHERE "+ofWebhook+" AND "+which+" LIMIT ?) b", tableJob)
}

// WebhookQueues reports what waits for each webhook that something waits for, in the order of their names.
func (s *Store) WebhookQueues(ctx context.Context) (queues []charge.WebhookQueue, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		queues = nil
		names, err := list(t, webhookRoutes, func(c *cells) (string, error) { return c.text(), c.failed() })
		for _, name := range names {
			var q charge.WebhookQueue
			if q, err = t.webhookQueue(name); err != nil {
				break
			}
			queues = append(queues, q)
		}
		return err
	})
	return queues, err
}

// AwaitsWebhook reports whether a webhook of this name has not taken something.
func (s *Store) AwaitsWebhook(ctx context.Context, name string) (waits bool, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		waits, err = t.get(anyMessage, func(c *cells) error { c.int(); return c.failed() }, name)
		return err
	})
	return waits, err
}

func (t *Tx) webhookQueue(name string) (charge.WebhookQueue, error) {
	q := charge.WebhookQueue{Name: name}
	count := func(s *statement, n *int64) error {
		_, err := t.get(s, func(c *cells) error { *n = c.int(); return c.failed() }, name, charge.MostQueued)
		return err
	}
	if err := errors.Join(count(messagesWaiting, &q.Waiting), count(messagesGivenUp, &q.GaveUp)); err != nil {
		return q, err
	}
	oldest, err := first(t, oldestMessage, scanJob, name)
	if oldest != nil {
		m := messageOf(oldest)
		q.Oldest, q.Next, q.Tried, q.Wrong = m.Made, m.Next, m.Tried, m.Wrong
	}
	return q, err
}

// WebhookMessages lists the messages to a webhook that it has not taken, the newest first.
func (s *Store) WebhookMessages(ctx context.Context, wf charge.WebhookFilter) (page charge.Page[charge.WebhookMessage],
	err error) {
	var f filter
	f.find(ofWebhook, wf.Name)
	err = s.Read(ctx, func(t *Tx) error {
		page, err = pageOf(t, tableJob, "id", f, paging{limit: wf.Limit, cursor: wf.Cursor, count: wf.Count},
			func(c *cells) (charge.WebhookMessage, error) {
				j, err := scanJob(c)
				return messageOf(j), err
			})
		return err
	})
	return page, err
}

func messageOf(j *outbox.Job) charge.WebhookMessage {
	m := charge.WebhookMessage{ID: j.ID, Charge: j.Ref, Made: charge.IDTime(j.ID).UTC(), Next: j.DueAt, Tried: j.Tried,
		Tries: j.Attempt, Wrong: charge.ParseNote(j.Wrong), GaveUp: j.GaveUp, Body: j.Body}
	if !m.GaveUp.IsZero() {
		m.Next = time.Time{}
	}
	return m
}

// WakeMessages makes messages to a webhook due that are not, given up or not, the oldest first and as many as most, and
// returns how many there were.
func (s *Store) WakeMessages(ctx context.Context, name string, now time.Time, most int) (n int64, err error) {
	err = s.write(ctx, []int64{lockOf("webhook", name)}, func(t *Tx) error {
		ms := millis(now)
		n, err = t.link.exec(wakeMessages, []any{ms, ms, name, ms, ms, most})
		return err
	})
	return n, err
}
