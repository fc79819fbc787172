-- Refused pushes, which strangers can send by the thousand, are counted by account from the index alone.

-- +goose Up
DROP INDEX push_refused;
CREATE INDEX push_refused ON push (outcome, received, platform, account, charge)
    WHERE outcome NOT IN ('accepted', 'duplicate', 'question');

-- +goose Down
DROP INDEX push_refused;
CREATE INDEX push_refused ON push (outcome, received) WHERE outcome NOT IN ('accepted', 'duplicate', 'question');
