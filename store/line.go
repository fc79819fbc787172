package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	putLine = statementOf("INSERT INTO line_session (lot, local_id, node, epoch, remote, receive_cloud, since, beat) VALUES (?, ?, ?, 1, ?, ?, ?, ?) "+
		"ON CONFLICT (lot, local_id) DO UPDATE SET node = excluded.node, epoch = line_session.epoch + 1, remote = excluded.remote, "+
		"receive_cloud = excluded.receive_cloud, since = excluded.since, beat = excluded.beat RETURNING epoch", tableLine).changing()
	beatLine = statementOf("UPDATE line_session SET beat = ? WHERE lot = ? AND local_id = ? AND node = ? AND epoch = ?", tableLine)
	endLine  = statementOf("UPDATE line_session SET node = '' WHERE lot = ? AND local_id = ? AND node = ? AND epoch = ?", tableLine)
	endNode  = statementOf("UPDATE line_session SET node = '' WHERE node = ?", tableLine)
	linesOn  = tableLine.selectWhere("node = ? AND node <> ''")
	linesOf  = tableLine.selectWhere("lot = ? AND node <> '' ORDER BY local_id")

	beatNode  = statementOf("UPDATE node SET beat = ? WHERE name = ?", tableNode)
	allNodes  = tableNode.selectWhere("name <> '' ORDER BY number")
	takeNode  = statementOf("UPDATE node SET name = ?, beat = ? WHERE name = ?", tableNode)
	deadNodes = statementOf("SELECT name FROM node WHERE beat < ? AND beat <> 0 ORDER BY name", tableNode)
	restNode  = statementOf("UPDATE node SET beat = 0 WHERE name = ?", tableNode)
	freeJobs  = statementOf("UPDATE job SET lease = '', lease_until = 0, ready = due WHERE lease = ?", tableJob)
)

// PutLineSession says that a line is on a node and gives its new epoch, greater than every one the line had:
// whoever held it before has lost it.
func (s *Store) PutLineSession(ctx context.Context, l charge.LineSession) (epoch int64, err error) {
	err = s.write(ctx, []int64{lockOf("line", l.Lot.String())}, func(t *Tx) error {
		_, err := t.get(putLine, func(c *cells) error {
			epoch = c.int()
			return nil
		}, l.Lot.String(), l.LocalID, l.Node, l.Remote, number(l.ReceiveCloud), millis(l.Since), millis(l.Beat))
		return err
	})
	return epoch, err
}

// BeatLineSessions stores when lines of a node were last heard, and gives those that the node has lost to another
// one or to a newer epoch.
func (s *Store) BeatLineSessions(ctx context.Context, node string, lines []charge.LineSession) (lost []charge.LineSession, err error) {
	type line struct {
		lot     charge.LotID
		localID string
		epoch   int64
	}
	held := make(map[line]bool)
	err = s.Read(ctx, func(t *Tx) error {
		return t.each(linesOn, func(c *cells) error {
			l, err := scanLine(c)
			held[line{l.Lot, l.LocalID, l.Epoch}] = true
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
				if err := t.link.put(beatLine, []any{millis(l.Beat), l.Lot.String(), l.LocalID, node, l.Epoch}, -1); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	for _, l := range lines {
		if !held[line{l.Lot, l.LocalID, l.Epoch}] {
			lost = append(lost, l)
		}
	}
	return lost, nil
}

// EndLineSession says that a line is down. A line that another node or a newer epoch holds stays.
func (s *Store) EndLineSession(ctx context.Context, lot charge.LotID, localID, node string, epoch int64) error {
	return s.write(ctx, []int64{lockOf("line", lot.String())}, func(t *Tx) error {
		return t.link.put(endLine, []any{lot.String(), localID, node, epoch}, -1)
	})
}

// EndNodeSessions says that all lines of a node that seems to have died are down, and that the node need not be
// looked at until it beats again. What it has leased stays its own until the leases end.
func (s *Store) EndNodeSessions(ctx context.Context, node string) error {
	return s.write(ctx, []int64{lockOf("node", node)}, func(t *Tx) error {
		if err := t.link.put(endNode, []any{node}, -1); err != nil {
			return err
		}
		return t.link.put(restNode, []any{node}, -1)
	})
}

// LeaveNode is a node's farewell: its lines are down, what it had leased is anybody's at once, and nobody looks for
// it until it beats again.
func (s *Store) LeaveNode(ctx context.Context, node string) error {
	return s.write(ctx, []int64{lockOf("node", node)}, func(t *Tx) error {
		for _, q := range []*statement{endNode, freeJobs, restNode} {
			if err := t.link.put(q, []any{node}, -1); err != nil {
				return err
			}
		}
		return nil
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
	return charge.LineSession{
		Lot: lotOf(c), LocalID: c.text(), Node: c.text(), Epoch: c.int(), Remote: c.text(), ReceiveCloud: c.bool(),
		Since: c.time(), Beat: c.time(),
	}, c.failed()
}

// JoinNode enters a node and gives its number for charge.NewIDs, the same one each time it comes. What the node
// held in an earlier life is free again: two processes never share a name. When all numbers are given away, that
// of the node that has been gone the longest is given anew.
func (s *Store) JoinNode(ctx context.Context, node string, now time.Time) (number uint16, err error) {
	err = s.write(ctx, []int64{lockOf("nodes")}, func(t *Tx) error {
		taken := make(map[int64]bool)
		var oldest struct {
			name         string
			number, beat int64
		}
		found := false
		err := t.each(allNodes, func(c *cells) error {
			name, n, beat := c.text(), c.int(), c.int()
			taken[n] = true
			if name == node {
				found, number = true, uint16(n)
			}
			if oldest.name == "" || beat < oldest.beat {
				oldest.name, oldest.number, oldest.beat = name, n, beat
			}
			return c.failed()
		})
		if err != nil {
			return err
		}
		if found {
			return t.comeBack(node, now)
		}
		for n := range int64(charge.MaxNode + 1) {
			if !taken[n] {
				number = uint16(n)
				return t.add(tableNode, node, n, millis(now))
			}
		}
		if oldest.beat > millis(now.Add(-time.Hour)) {
			return fmt.Errorf("store: all %d node numbers are in use", len(taken))
		}
		number = uint16(oldest.number)
		return t.link.put(takeNode, []any{node, millis(now), oldest.name}, 1)
	})
	return number, err
}

// comeBack frees the lines and leases that a node's earlier life left.
func (t *Tx) comeBack(node string, now time.Time) error {
	if err := t.link.put(endNode, []any{node}, -1); err != nil {
		return err
	}
	if err := t.link.put(freeJobs, []any{node}, -1); err != nil {
		return err
	}
	return t.link.put(beatNode, []any{millis(now), node}, 1)
}

// BeatNode says that a node is alive.
func (s *Store) BeatNode(ctx context.Context, node string, now time.Time) error {
	return s.write(ctx, []int64{lockOf("node", node)}, func(t *Tx) error {
		return t.link.put(beatNode, []any{millis(now), node}, 1)
	})
}

// DeadNodes lists nodes whose last beat is before a time and whose lines nobody has ended since.
func (s *Store) DeadNodes(ctx context.Context, before time.Time) (names []string, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		names, err = list(t, deadNodes, func(c *cells) (string, error) { return c.text(), nil }, millis(before))
		return err
	})
	return names, err
}
