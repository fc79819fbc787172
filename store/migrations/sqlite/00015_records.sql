-- What was written last is in the log of records beside the database until the tables have it. This says which log that
-- is, and up to which of its records they have everything. An older program, which knows no such log, must not open them.

-- +goose Up
CREATE TABLE log_mark (log BIGINT NOT NULL, record BIGINT NOT NULL);
INSERT INTO log_mark (log, record) VALUES (0, 0);
