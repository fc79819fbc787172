package store

import "context"

// Hint says that something may be worth looking at now. Hints may be lost and are never needed: whoever acts
// on one also looks by itself now and then.
type Hint struct {
	Topic   string
	Payload string
}

// Notify hints to every node of the site, this one included. A hint is at most 7000 bytes long.
func (s *Store) Notify(ctx context.Context, topic, payload string) error {
	return s.engine.notify(ctx, Hint{topic, payload})
}

// Hints gives the hints that came; who does not read them loses some.
func (s *Store) Hints() <-chan Hint { return s.hints }

func (s *Store) hint(h Hint) {
	select {
	case s.hints <- h:
	default:
	}
}
