-- An order number comes again for a later visit, so it is unique among a lot's open stays only; flow sees to that and
-- verify checks it. Times that a lot reported ahead of their receipt are kept beside those that count. An id begins
-- with the time of its making, so what an older version stored ahead of its receipt begins, or ends, then.

-- +goose Up
DROP INDEX stay_order;
CREATE INDEX stay_order ON stay (lot, order_id, entered);
ALTER TABLE stay ADD COLUMN told_entered BIGINT NOT NULL DEFAULT 0;
ALTER TABLE stay ADD COLUMN told_left BIGINT NOT NULL DEFAULT 0;
UPDATE stay SET told_entered = entered, entered = (id >> 22) + 1704067200000
    WHERE entered > (id >> 22) + 1704067200000 AND (open = 1 OR left_at > (id >> 22) + 1704067200000);
UPDATE stay SET told_left = left_at, left_at = (id >> 22) + 1704067200000, ends = (id >> 22) + 1704067200000
    WHERE closed = 'late' AND open = 0 AND left_at > (id >> 22) + 1704067200000 AND entered <= (id >> 22) + 1704067200000;
