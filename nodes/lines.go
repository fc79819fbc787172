package nodes

import (
	"context"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// Lines keeps which node holds the line of which car park (line.SessionBook), for the store's other readers.
type Lines struct {
	Store *store.Store
	Hints *Hints
}

// Put stores sessions and sets their epochs. The holder before is notified: a node cannot see for minutes that the
// far end of a line is gone.
func (s Lines) Put(ctx context.Context, lines []charge.LineSession) error {
	for i := range lines {
		epoch, err := s.Store.PutLineSession(ctx, lines[i])
		if err != nil {
			return err
		}
		lines[i].Epoch = epoch
		if epoch > 1 {
			s.Hints.Send(TopicLine, lines[i].Lot.String())
		}
	}
	return nil
}

// Beat stores when lines were last heard and returns those that have moved to another node. A line that was taken
// for dead with its node, but is not, and that no other node holds, is put anew.
func (s Lines) Beat(ctx context.Context, lines []charge.LineSession) (gone []charge.LineSession, err error) {
	if len(lines) == 0 {
		return nil, nil
	}
	lost, err := s.Store.BeatLineSessions(ctx, lines[0].Node, lines)
	if err != nil {
		return nil, err
	}
	for _, l := range lost {
		held, err := s.Store.LineNodes(ctx, l.Lot)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(held, func(h charge.LineSession) bool { return sameLine(h, l) }) {
			gone = append(gone, l)
			continue
		}
		i := slices.IndexFunc(lines, func(m charge.LineSession) bool { return sameLine(m, l) })
		if lines[i].Epoch, err = s.Store.PutLineSession(ctx, l); err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// sameLine reports whether two sessions are of one link of one PC.
func sameLine(a, b charge.LineSession) bool {
	return a.Lot == b.Lot && a.LocalID == b.LocalID && a.Link == b.Link
}

// End deletes sessions.
func (s Lines) End(ctx context.Context, lines []charge.LineSession) error {
	for _, l := range lines {
		if err := s.Store.EndLineSession(ctx, l); err != nil {
			return err
		}
	}
	return nil
}
