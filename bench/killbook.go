package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// KillBook keeps the rounds of a long kill run in a file, a line of JSON each, so that it can be run in pieces.
type KillBook struct {
	name   string
	piece  int // of the rounds that are added now
	rounds []KillRound
}

// OpenKillBook reads what a file has kept; there need be none yet. An empty name keeps nothing.
func OpenKillBook(name string) (*KillBook, error) {
	b := &KillBook{name: name, piece: 1}
	if name == "" {
		return b, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var r KillRound
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return b, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b.rounds = append(b.rounds, r)
		b.piece = max(b.piece, r.Piece+1)
	}
}

// Add keeps a round.
func (b *KillBook) Add(r KillRound) error {
	r.Piece = b.piece
	b.rounds = append(b.rounds, r)
	if b.name == "" {
		return nil
	}
	f, err := os.OpenFile(b.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(r), f.Close())
}

// KillSum is what the rounds of an engine come to over all pieces.
type KillSum struct {
	Pieces, Rounds, Passed int
	Pushes, Calls, Exits   int // in flight at a kill
	Accepted, Repeats      int
	Lost, Doubled, Strange int
}

// Sum adds the rounds of an engine up.
func (b *KillBook) Sum(engine string) (s KillSum) {
	last := map[int]KillRound{} // of each piece; counts of a piece go on from round to round
	for _, r := range b.rounds {
		if r.Engine != engine {
			continue
		}
		s.Rounds++
		if r.OK() {
			s.Passed++
		}
		s.Pushes, s.Calls, s.Exits = s.Pushes+r.Pushes, s.Calls+r.Calls, s.Exits+r.Exits
		last[r.Piece] = r
	}
	for _, r := range last {
		s.Pieces++
		s.Accepted, s.Repeats = s.Accepted+r.Accepted, s.Repeats+r.Repeats
		s.Lost, s.Doubled, s.Strange = s.Lost+r.Lost, s.Doubled+r.Doubled, s.Strange+r.Strange
	}
	return s
}
