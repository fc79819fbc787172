-- What became of a webhook's message so far: its last try, why that failed, and since when it is given up. One that was
-- given up is kept for a while, so that it can be sent again by hand.

-- +goose Up
ALTER TABLE job ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN wrong TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN gave_up BIGINT NOT NULL DEFAULT 0;
CREATE INDEX job_webhook ON job (route, gave_up, id) WHERE kind = 'webhook';

-- +goose Down
DROP INDEX job_webhook;
ALTER TABLE job DROP COLUMN gave_up;
ALTER TABLE job DROP COLUMN wrong;
ALTER TABLE job DROP COLUMN tried;
