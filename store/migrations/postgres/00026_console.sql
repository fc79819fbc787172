-- How each node stood, once a minute: what waits, and how long answers and lots took in that minute. The console draws
-- them; a minute without a row is one in which no node ran.

-- Refused pushes are listed by the lot that they name; the others by that of their charge.

-- +goose Up
CREATE TABLE sample (
    at         BIGINT NOT NULL,
    node       TEXT COLLATE "C" NOT NULL,
    pending    BIGINT NOT NULL,
    answer_p99 BIGINT NOT NULL,
    lot_p99    BIGINT NOT NULL,
    PRIMARY KEY (at, node)
);
CREATE INDEX push_lot ON push (lot, received) WHERE lot <> '';

-- +goose Down
DROP INDEX push_lot;
DROP TABLE sample;
