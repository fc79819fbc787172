-- +goose Up
-- How far a lot's clock is ahead, in milliseconds, and the last login on its line that was refused.
ALTER TABLE lot_mark ADD COLUMN clock BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lot_mark ADD COLUMN refused_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lot_mark ADD COLUMN refused_why TEXT NOT NULL DEFAULT '';
ALTER TABLE lot_mark ADD COLUMN refused_from TEXT NOT NULL DEFAULT '';
ALTER TABLE lot_mark ADD COLUMN refused_pc TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE lot_mark DROP COLUMN refused_pc;
ALTER TABLE lot_mark DROP COLUMN refused_from;
ALTER TABLE lot_mark DROP COLUMN refused_why;
ALTER TABLE lot_mark DROP COLUMN refused_at;
ALTER TABLE lot_mark DROP COLUMN clock;
