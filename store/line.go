package store

import (
	"context"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	// A new session puts everything but the epoch, which goes on.
	putLine = tableLine.upsert(tableLine.but("epoch"), func(column) string { return "1" },
		"epoch = line_session.epoch + 1").
		returning("epoch")
	beatLine = statementOf("UPDATE line_session SET beat = ?, silent = ? WHERE lot = ? AND local_id = ? AND link = ? "+
		"AND node = ? AND epoch = ?", tableLine)
	endLine = statementOf("UPDATE line_session SET node = '' WHERE lot = ? AND local_id = ? AND link = ? AND node = ? "+
		"AND epoch = ?", tableLine)
	linesOn = tableLine.selectWhere("node = ? AND node <> ''")
	linesOf = tableLine.selectWhere("lot = ? AND node <> '' ORDER BY local_id, link")
)

// PutLineSession says that a line is on a node and returns its new epoch, greater than every one the line had:
// the node that held it before has lost it.
func (s *Store) PutLineSession(ctx context.Context, l charge.LineSession) (epoch int64, err error) {
	err = s.write(ctx, []int64{lockOf("line", l.Lot.String())}, func(t *Tx) error {
		vals, err := lineRows.named(&l, putLine.sets)
		if err != nil {
			return err
		}
		_, err = t.get(putLine, func(c *cells) error {
			epoch = c.int()
			return nil
		}, vals...)
		return err
	})
	return epoch, err
}

// BeatLineSessions stores when lines of a node were last heard, and returns those that the node has lost to another
// one or to a newer epoch.
func (s *Store) BeatLineSessions(ctx context.Context, node string,
	lines []charge.LineSession) (lost []charge.LineSession, err error) {
	type line struct {
		lot     charge.LotID
		localID string
		link    charge.Link
		epoch   int64
	}
	held := make(map[line]bool)
	err = s.Read(ctx, func(t *Tx) error {
		return t.each(linesOn, func(c *cells) error {
			l, err := scanLine(c)
			held[line{l.Lot, l.LocalID, l.Link, l.Epoch}] = true
			return err
		}, node)
	})
	if err != nil {
		return nil, err
	}
	const chunk = 200 // keeps the writer free for pushes
	for part := range slices.Chunk(lines, chunk) {
		if err := s.write(ctx, []int64{lockOf("node", node)}, func(t *Tx) error {
			for _, l := range part {
				if err := t.link.put(beatLine, []any{millis(l.Beat), number(l.Silent), l.Lot.String(), l.LocalID, string(l.Link),
					node, l.Epoch}, -1); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for _, l := range lines {
		if !held[line{l.Lot, l.LocalID, l.Link, l.Epoch}] {
			lost = append(lost, l)
		}
	}
	return lost, nil
}

// EndLineSession says that a line is down. A line that another node or a newer epoch holds stays.
func (s *Store) EndLineSession(ctx context.Context, l charge.LineSession) error {
	return s.write(ctx, []int64{lockOf("line", l.Lot.String())}, func(t *Tx) error {
		return t.link.put(endLine, []any{l.Lot.String(), l.LocalID, string(l.Link), l.Node, l.Epoch}, -1)
	})
}

// LineNodes lists the lines of a lot that are up.
func (s *Store) LineNodes(ctx context.Context, lot charge.LotID) (lines []charge.LineSession, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		lines, err = list(t, linesOf, scanLine, lot.String())
		return err
	})
	return lines, err
}

func scanLine(c *cells) (charge.LineSession, error) {
	l, err := lineRows.scan(c)
	return *l, err
}
