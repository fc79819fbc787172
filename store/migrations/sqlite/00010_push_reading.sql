-- +goose Up
-- What could be read of a push that made no charge: it is found by plate, order and lot.
ALTER TABLE push ADD COLUMN plate TEXT NOT NULL DEFAULT '';
ALTER TABLE push ADD COLUMN order_no TEXT NOT NULL DEFAULT '';
ALTER TABLE push ADD COLUMN lot TEXT NOT NULL DEFAULT '';
CREATE INDEX push_plate ON push (plate, received) WHERE plate <> '';
CREATE INDEX push_order ON push (order_no, received) WHERE order_no <> '';

-- +goose Down
DROP INDEX push_order;
DROP INDEX push_plate;
ALTER TABLE push DROP COLUMN lot;
ALTER TABLE push DROP COLUMN order_no;
ALTER TABLE push DROP COLUMN plate;
