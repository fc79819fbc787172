-- Deliveries of which nothing is known are counted from their index alone: their rows lie all over the table.

-- +goose Up
DROP INDEX delivery_unknown;
CREATE INDEX delivery_unknown ON delivery (lot, id) WHERE state = 'unknown';

-- +goose Down
DROP INDEX delivery_unknown;
CREATE INDEX delivery_unknown ON delivery (lot) WHERE state = 'unknown';
