package store

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// SamplesFor is how long samples are kept: a month of the console's charts.
const SamplesFor = 31 * 24 * time.Hour

var (
	putSample    = tableSample.upsert(tableSample.but(""), zeroOf)
	pruneSamples = statementOf("DELETE FROM sample WHERE at < ?", tableSample)
	worstSamples = statementOf("SELECT at - at % ? AS since, max(pending), max(answer_p99), max(lot_p99) FROM sample "+
		"WHERE at >= ? AND at < ? GROUP BY since ORDER BY since", tableSample)
)

// PutSample keeps how a node stood in a minute; a second one of that minute takes the first one's place.
func (s *Store) PutSample(ctx context.Context, node string, sample charge.Sample) error {
	return s.write(ctx, []int64{lockOf("node", node)}, func(t *Tx) error {
		vals, err := sampleRows.named(&nodeSample{sample, node}, putSample.sets)
		if err != nil {
			return err
		}
		return t.link.put(putSample, vals, 1)
	})
}

// Samples lists the samples of a span of time, from inclusive, to exclusive, oldest first: of each step the worst of
// all nodes. A step without a sample is left out.
func (s *Store) Samples(ctx context.Context, from, to time.Time, step time.Duration) (list []charge.Sample, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		list = nil
		return t.each(worstSamples, func(c *cells) error {
			list = append(list, charge.Sample{At: c.time(), Pending: c.int(), Answer: time.Duration(c.int()),
				ToLot: time.Duration(c.int())})
			return c.failed()
		}, step.Milliseconds(), millis(from), millis(to))
	})
	return list, err
}

// pruneSamples deletes the samples that the charts do not reach any more.
func (s *Store) pruneSamples(ctx context.Context, now time.Time) error {
	return s.write(ctx, []int64{lockOf("prune")}, func(t *Tx) error {
		return t.link.put(pruneSamples, []any{millis(now.Add(-SamplesFor))}, -1)
	})
}
