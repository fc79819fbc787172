-- The search for a plate sorts what it finds by time before it reads a row of it: from the index alone.

-- +goose Up
DROP INDEX charge_visit;
CREATE INDEX charge_visit ON charge (plate, lot, received) INCLUDE (id);
DROP INDEX stay_visit;
CREATE INDEX stay_visit ON stay (plate, lot, ends) INCLUDE (entered, id);

-- Counts and searches read these from an index alone only where a vacuum has passed since: left to itself the server
-- waits until a fifth of the table is new, which is months of a large site.
ALTER TABLE push SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000);
ALTER TABLE charge SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000);
ALTER TABLE stay SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 20000);
