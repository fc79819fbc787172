-- Decisions that a later one has replaced, append-only: a charge that was decided twice shows both.

-- +goose Up
CREATE TABLE decision (
    charge BIGINT NOT NULL,
    id     BIGINT NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (charge, id)
) WITHOUT ROWID;
