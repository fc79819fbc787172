package store

import (
	"context"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	endNode   = statementOf("UPDATE line_session SET node = '' WHERE node = ?", tableLine)
	beatNode  = statementOf("UPDATE node SET beat = ? WHERE name = ?", tableNode)
	allNodes  = tableNode.selectWhere("name <> '' ORDER BY number")
	takeNode  = statementOf("UPDATE node SET name = ?, beat = ? WHERE name = ?", tableNode)
	deadNodes = statementOf("SELECT name FROM node WHERE beat < ? AND beat <> 0 ORDER BY name", tableNode)
	restNode  = statementOf("UPDATE node SET beat = 0 WHERE name = ?", tableNode)
	freeJobs  = statementOf("UPDATE job SET lease = '', lease_until = 0, ready = due WHERE lease = ?", tableJob)
)

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

// LeaveNode is a node's farewell: its lines are down, what it had leased is anybody's at once, and no node looks for
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

// JoinNode enters a node and returns its number for charge.NewIDs, the same one each time it comes. What the node
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

// DeadNodes lists nodes whose last beat is before a time and whose lines no node has ended since.
func (s *Store) DeadNodes(ctx context.Context, before time.Time) (names []string, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		names, err = list(t, deadNodes, func(c *cells) (string, error) { return c.text(), nil }, millis(before))
		return err
	})
	return names, err
}
