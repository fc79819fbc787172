-- The first try of a delivery, mostly the only one, is a part of its row. Later ones, and those that are stored
-- already, are rows of attempt. first_result is empty where there is none.

-- +goose Up
ALTER TABLE delivery ADD COLUMN first_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN first_result TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN first_detail TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE delivery DROP COLUMN first_detail;
ALTER TABLE delivery DROP COLUMN first_result;
ALTER TABLE delivery DROP COLUMN first_at;
