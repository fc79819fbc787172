-- The search for a plate sorts what it finds by time before it reads a row of it: from the index alone.

-- +goose Up
DROP INDEX charge_visit;
CREATE INDEX charge_visit ON charge (plate, lot, received) INCLUDE (id);
DROP INDEX stay_visit;
CREATE INDEX stay_visit ON stay (plate, lot, ends) INCLUDE (entered, id);
