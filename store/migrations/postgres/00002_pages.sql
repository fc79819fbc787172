-- Sums follow their day while it is still going on: upto says how far they have come.

-- +goose Up
DELETE FROM statement WHERE day IN (SELECT day FROM statement_day WHERE rev <> summed AND closed = 0);
DELETE FROM statement_day WHERE rev <> summed AND closed = 0;

-- upto: charges of the day that were received before it are in the sums. The sums hold while rev = summed.
ALTER TABLE statement_day ADD COLUMN upto BIGINT NOT NULL DEFAULT 0;
-- A day of Shanghai ends at 16:00 UTC.
UPDATE statement_day SET upto = (CAST(extract(epoch FROM CAST(day AS DATE)) AS BIGINT) + 57600) * 1000;

-- What has changed in the charges of sums already made, until it is added to them.
CREATE TABLE statement_change (
    id              BIGINT PRIMARY KEY,
    received        BIGINT NOT NULL, -- of the charge
    day             TEXT COLLATE "C" NOT NULL,
    platform        TEXT COLLATE "C" NOT NULL,
    lot             TEXT COLLATE "C" NOT NULL,
    charges         BIGINT NOT NULL,
    granted_minutes BIGINT NOT NULL,
    granted_amount  BIGINT NOT NULL,
    delivered       BIGINT NOT NULL,
    used            BIGINT NOT NULL,
    used_minutes    BIGINT NOT NULL,
    used_amount     BIGINT NOT NULL,
    gaps            BIGINT NOT NULL
);

-- The sums again, by vendor: a page shows them of months over thousands of lots.
CREATE TABLE statement_total (
    day             TEXT COLLATE "C" NOT NULL,
    platform        TEXT COLLATE "C" NOT NULL,
    vendor          TEXT COLLATE "C" NOT NULL,
    charges         BIGINT NOT NULL,
    granted_minutes BIGINT NOT NULL,
    granted_amount  BIGINT NOT NULL,
    delivered       BIGINT NOT NULL,
    used            BIGINT NOT NULL,
    used_minutes    BIGINT NOT NULL,
    used_amount     BIGINT NOT NULL,
    gaps            BIGINT NOT NULL,
    PRIMARY KEY (day, platform, vendor)
);
INSERT INTO statement_total
SELECT day, platform, split_part(lot, '/', 1), sum(charges), sum(granted_minutes), sum(granted_amount),
    sum(delivered), sum(used), sum(used_minutes), sum(used_amount), sum(gaps)
FROM statement GROUP BY 1, 2, 3;

-- What pages walk: a platform's requests, and who is in a lot.
CREATE INDEX push_platform ON push (platform, received);
CREATE INDEX stay_open ON stay (lot, entered) WHERE open = 1;
