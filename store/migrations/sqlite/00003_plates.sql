-- The search for a plate sorts what it finds by time before it reads a row of it: from the index alone. That of charges
-- can do so already.

-- +goose Up
DROP INDEX stay_visit;
CREATE INDEX stay_visit ON stay (plate, lot, ends, entered);
