-- One PC of a car park may hold two lines under one local_id, its links: a session is (lot, local_id, link). Until now
-- every line was taken for the cloud link. silent says that a session does not answer what is sent to it.

-- +goose Up
CREATE TABLE line_session_link (
    lot           TEXT COLLATE "C" NOT NULL,
    local_id      TEXT COLLATE "C" NOT NULL,
    link          TEXT COLLATE "C" NOT NULL,
    node          TEXT COLLATE "C" NOT NULL,
    epoch         BIGINT NOT NULL,
    remote        TEXT COLLATE "C" NOT NULL,
    receive_cloud BIGINT NOT NULL,
    silent        BIGINT NOT NULL,
    since         BIGINT NOT NULL,
    beat          BIGINT NOT NULL,
    PRIMARY KEY (lot, local_id, link)
);
INSERT INTO line_session_link
SELECT lot, local_id, 'cloud', node, epoch, remote, receive_cloud, 0, since, beat FROM line_session;
DROP TABLE line_session;
ALTER TABLE line_session_link RENAME TO line_session;
CREATE INDEX line_session_node ON line_session (node, lot) WHERE node <> '';
