-- The other plates of a car that has several, each between bars: "|MX7742|ZM127|". Few rows have any.

-- +goose Up
ALTER TABLE stay ADD COLUMN names TEXT NOT NULL DEFAULT '';
ALTER TABLE charge ADD COLUMN names TEXT NOT NULL DEFAULT '';
CREATE INDEX stay_names ON stay (lot, ends) WHERE names <> '';
CREATE INDEX charge_names ON charge (lot, received) WHERE names <> '';

-- +goose Down
DROP INDEX charge_names;
DROP INDEX stay_names;
ALTER TABLE charge DROP COLUMN names;
ALTER TABLE stay DROP COLUMN names;
