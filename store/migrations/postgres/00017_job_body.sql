-- What a job sends, where that is written when the job is made: the message of a webhook.

-- +goose Up
ALTER TABLE job ADD COLUMN body TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE job DROP COLUMN body;
