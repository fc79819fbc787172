-- A part of a plate that thousands of plates hold is looked for by walking from the newest charge: past those of other
-- plates in the index alone.

-- +goose Up
DROP INDEX charge_received;
CREATE INDEX charge_received ON charge (received, platform, lot, state, gap) INCLUDE (plate, id);
