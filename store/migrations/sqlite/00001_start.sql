-- Times are epoch milliseconds, 0 for none; money is fen; plates are whole. References are held by the store's
-- transactions and checked by verify, not by foreign keys: those would cost every accepted push several lookups.

-- +goose Up
CREATE TABLE push (
    id       INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    account  TEXT NOT NULL,
    received BIGINT NOT NULL,
    remote   TEXT NOT NULL,
    request  BLOB NOT NULL,
    outcome  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    charge   BIGINT NOT NULL,
    reply    BLOB NOT NULL
);
CREATE INDEX push_received ON push (received, outcome);
CREATE INDEX push_charge ON push (charge) WHERE charge <> 0;
CREATE INDEX push_refused ON push (outcome, received) WHERE outcome NOT IN ('accepted', 'duplicate', 'question');

CREATE TABLE refused_count (
    platform TEXT NOT NULL,
    account  TEXT NOT NULL,
    day      TEXT NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (day, platform, account)
);

-- A repeat key is taken for ever. When retention takes its charge away, gone keeps what a repeat must know.
CREATE TABLE repeat (
    platform TEXT NOT NULL,
    key      TEXT NOT NULL,
    charge   BIGINT NOT NULL,
    gone     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (platform, key)
) WITHOUT ROWID;

CREATE TABLE charge (
    id         INTEGER PRIMARY KEY,
    platform   TEXT NOT NULL,
    account    TEXT NOT NULL,
    order_no   TEXT NOT NULL,
    repeat_key TEXT NOT NULL,
    plate      TEXT NOT NULL,
    lot        TEXT NOT NULL,
    started    BIGINT NOT NULL,
    ended      BIGINT NOT NULL,
    received   BIGINT NOT NULL,
    energy     BIGINT,
    total      BIGINT,
    ask        TEXT NOT NULL,
    detail     TEXT NOT NULL,
    digest     TEXT NOT NULL,
    state      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    reduction  TEXT NOT NULL,
    stay       BIGINT NOT NULL,
    hold_until BIGINT NOT NULL,
    decision   TEXT NOT NULL,
    usage      TEXT NOT NULL,
    report     TEXT NOT NULL,
    updated    BIGINT NOT NULL,
    gap        BIGINT NOT NULL
);
-- Lists walk by receipt, statements and counts add up from the index alone.
CREATE INDEX charge_received ON charge (received, platform, lot, state, gap);
CREATE INDEX charge_platform ON charge (platform, received);
CREATE INDEX charge_lot ON charge (lot, received);
CREATE INDEX charge_visit ON charge (plate, lot, received);
CREATE INDEX charge_order ON charge (order_no) WHERE order_no <> '';
CREATE INDEX charge_stay ON charge (stay) WHERE stay <> 0;
CREATE INDEX charge_state ON charge (state, received);
CREATE INDEX charge_reason ON charge (reason, received) WHERE reason <> 'ok';
CREATE INDEX charge_held ON charge (plate, lot) WHERE state = 'held';
CREATE INDEX charge_hold ON charge (hold_until) WHERE state = 'held';

CREATE TABLE event (
    charge BIGINT NOT NULL,
    id     BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    step   TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    actor  TEXT NOT NULL,
    PRIMARY KEY (charge, id)
) WITHOUT ROWID;

CREATE TABLE ledger (
    charge   BIGINT NOT NULL,
    id       BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    stay     BIGINT NOT NULL,
    kind     TEXT NOT NULL,
    method   TEXT NOT NULL,
    minutes  BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    platform TEXT NOT NULL,
    lot      TEXT NOT NULL,
    day      TEXT NOT NULL,
    note     TEXT NOT NULL,
    PRIMARY KEY (charge, id)
) WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER ledger_change BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd

CREATE TABLE stay (
    id         INTEGER PRIMARY KEY,
    lot        TEXT NOT NULL,
    order_id   TEXT NOT NULL,
    plate      TEXT NOT NULL,
    entered    BIGINT NOT NULL,
    left_at    BIGINT NOT NULL,
    ends       BIGINT NOT NULL, -- left_at, or the end of time while open
    open       BIGINT NOT NULL,
    closed     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    paid       BIGINT NOT NULL,
    paid_at    BIGINT NOT NULL,
    settlement BLOB NOT NULL
);
CREATE UNIQUE INDEX stay_order ON stay (lot, order_id);
CREATE INDEX stay_visit ON stay (plate, lot, ends);
CREATE INDEX stay_entered ON stay (lot, entered);
CREATE INDEX stay_over ON stay (ends) WHERE open = 0;

CREATE TABLE delivery (
    id       INTEGER PRIMARY KEY,
    charge   BIGINT NOT NULL,
    lot      TEXT NOT NULL,
    channel  TEXT NOT NULL,
    message  TEXT NOT NULL,
    uuid     TEXT NOT NULL,
    payload  BLOB NOT NULL,
    state    TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due      BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
CREATE INDEX delivery_charge ON delivery (charge);
CREATE INDEX delivery_uuid ON delivery (uuid);
CREATE INDEX delivery_unknown ON delivery (lot) WHERE state = 'unknown';

CREATE TABLE attempt (
    delivery BIGINT NOT NULL,
    n        BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    result   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    PRIMARY KEY (delivery, n)
) WITHOUT ROWID;

-- ready is when a job may be claimed: its due time, or the end of its lease where that is later.
CREATE TABLE job (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    route       TEXT NOT NULL,
    ref         BIGINT NOT NULL,
    due         BIGINT NOT NULL,
    ready       BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    lease       TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    fence       BIGINT NOT NULL
);
CREATE INDEX job_line ON job (route, ready) WHERE kind = 'line';
CREATE INDEX job_any ON job (kind, ready) WHERE kind <> 'line';
CREATE INDEX job_route ON job (route) WHERE kind <> 'line';

CREATE TABLE lot_mark (
    lot          TEXT PRIMARY KEY,
    told_stays   BIGINT NOT NULL,
    paused       BIGINT NOT NULL,
    pause_reason TEXT NOT NULL
);

CREATE TABLE node (
    name   TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    beat   BIGINT NOT NULL
);

-- A session that ended keeps its row with no node, so that its epoch never comes again.
CREATE TABLE line_session (
    lot           TEXT NOT NULL,
    local_id      TEXT NOT NULL,
    node          TEXT NOT NULL,
    epoch         BIGINT NOT NULL,
    remote        TEXT NOT NULL,
    receive_cloud BIGINT NOT NULL,
    since         BIGINT NOT NULL,
    beat          BIGINT NOT NULL,
    PRIMARY KEY (lot, local_id)
);
CREATE INDEX line_session_node ON line_session (node, lot) WHERE node <> '';

CREATE TABLE doc (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE doc_rev (
    kind TEXT PRIMARY KEY,
    rev  BIGINT NOT NULL
);

CREATE TABLE audit (
    seq   INTEGER PRIMARY KEY,
    entry BLOB NOT NULL,
    hash  BLOB NOT NULL
);
-- +goose StatementBegin
CREATE TRIGGER audit_change BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- Every plate once, written from both ends, for the search by a part of it.
CREATE TABLE plate (
    id    INTEGER PRIMARY KEY,
    plate TEXT NOT NULL UNIQUE,
    rev   TEXT NOT NULL
);
CREATE INDEX plate_rev ON plate (rev);
-- Its rows follow those of plate after a while: maintenance brings them, not the push that showed the plate.
CREATE VIRTUAL TABLE plate_part USING fts5 (plate, tokenize = 'trigram');

-- Days that are past are added up once. rev counts what changed a day, summed is the rev it was added up at.
CREATE TABLE statement_day (
    day     TEXT PRIMARY KEY,
    rev     BIGINT NOT NULL,
    summed  BIGINT NOT NULL,
    closed  BIGINT NOT NULL
);
CREATE TABLE statement (
    day             TEXT NOT NULL,
    platform        TEXT NOT NULL,
    lot             TEXT NOT NULL,
    charges         BIGINT NOT NULL,
    granted_minutes BIGINT NOT NULL,
    granted_amount  BIGINT NOT NULL,
    delivered       BIGINT NOT NULL,
    used            BIGINT NOT NULL,
    used_minutes    BIGINT NOT NULL,
    used_amount     BIGINT NOT NULL,
    gaps            BIGINT NOT NULL,
    PRIMARY KEY (day, platform, lot)
);
CREATE INDEX statement_lot ON statement (lot, day);
