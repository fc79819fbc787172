-- Times are epoch milliseconds, 0 for none; money is fen; plates are whole. References are held by the store's
-- transactions and checked by verify, not by foreign keys: those would cost every accepted push several lookups.

-- +goose Up
CREATE TABLE push (
    id       BIGINT PRIMARY KEY,
    platform TEXT COLLATE "C" NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    received BIGINT NOT NULL,
    remote   TEXT COLLATE "C" NOT NULL,
    request  BYTEA NOT NULL,
    outcome  TEXT COLLATE "C" NOT NULL,
    reason   TEXT COLLATE "C" NOT NULL,
    charge   BIGINT NOT NULL,
    reply    BYTEA NOT NULL
);
CREATE INDEX push_received ON push (received, outcome);
CREATE INDEX push_charge ON push (charge) WHERE charge <> 0;
CREATE INDEX push_refused ON push (outcome, received) WHERE outcome NOT IN ('accepted', 'duplicate', 'question');

CREATE TABLE refused_count (
    platform TEXT COLLATE "C" NOT NULL,
    account  TEXT COLLATE "C" NOT NULL,
    day      TEXT COLLATE "C" NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (day, platform, account)
);

-- A repeat key is taken for ever. When retention takes its charge away, gone keeps what a repeat must know.
CREATE TABLE repeat (
    platform TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    charge   BIGINT NOT NULL,
    gone     TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (platform, key)
);

CREATE TABLE charge (
    id         BIGINT PRIMARY KEY,
    platform   TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    order_no   TEXT COLLATE "C" NOT NULL,
    repeat_key TEXT COLLATE "C" NOT NULL,
    plate      TEXT COLLATE "C" NOT NULL,
    lot        TEXT COLLATE "C" NOT NULL,
    started    BIGINT NOT NULL,
    ended      BIGINT NOT NULL,
    received   BIGINT NOT NULL,
    energy     BIGINT,
    total      BIGINT,
    ask        TEXT COLLATE "C" NOT NULL,
    detail     TEXT COLLATE "C" NOT NULL,
    digest     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    reduction  TEXT COLLATE "C" NOT NULL,
    stay       BIGINT NOT NULL,
    hold_until BIGINT NOT NULL,
    decision   TEXT COLLATE "C" NOT NULL,
    usage      TEXT COLLATE "C" NOT NULL,
    report     TEXT COLLATE "C" NOT NULL,
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
    step   TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    actor  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (charge, id)
);

CREATE TABLE ledger (
    charge   BIGINT NOT NULL,
    id       BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    stay     BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    method   TEXT COLLATE "C" NOT NULL,
    minutes  BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    platform TEXT COLLATE "C" NOT NULL,
    lot      TEXT COLLATE "C" NOT NULL,
    day      TEXT COLLATE "C" NOT NULL,
    note     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (charge, id)
);
-- +goose StatementBegin
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME; END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION append_only();

CREATE TABLE stay (
    id         BIGINT PRIMARY KEY,
    lot        TEXT COLLATE "C" NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    plate      TEXT COLLATE "C" NOT NULL,
    entered    BIGINT NOT NULL,
    left_at    BIGINT NOT NULL,
    ends       BIGINT NOT NULL, -- left_at, or the end of time while open
    open       BIGINT NOT NULL,
    closed     TEXT COLLATE "C" NOT NULL,
    channel    TEXT COLLATE "C" NOT NULL,
    paid       BIGINT NOT NULL,
    paid_at    BIGINT NOT NULL,
    settlement BYTEA NOT NULL
);
CREATE UNIQUE INDEX stay_order ON stay (lot, order_id);
CREATE INDEX stay_visit ON stay (plate, lot, ends);
CREATE INDEX stay_entered ON stay (lot, entered);
CREATE INDEX stay_over ON stay (ends) WHERE open = 0;

CREATE TABLE delivery (
    id       BIGINT PRIMARY KEY,
    charge   BIGINT NOT NULL,
    lot      TEXT COLLATE "C" NOT NULL,
    channel  TEXT COLLATE "C" NOT NULL,
    message  TEXT COLLATE "C" NOT NULL,
    uuid     TEXT COLLATE "C" NOT NULL,
    payload  BYTEA NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
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
    result   TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (delivery, n)
);

-- ready is when a job may be claimed: its due time, or the end of its lease where that is later.
CREATE TABLE job (
    id          BIGINT PRIMARY KEY,
    kind        TEXT COLLATE "C" NOT NULL,
    route       TEXT COLLATE "C" NOT NULL,
    ref         BIGINT NOT NULL,
    due         BIGINT NOT NULL,
    ready       BIGINT NOT NULL,
    attempt     BIGINT NOT NULL,
    lease       TEXT COLLATE "C" NOT NULL,
    lease_until BIGINT NOT NULL,
    fence       BIGINT NOT NULL
);
CREATE INDEX job_line ON job (route, ready) WHERE kind = 'line';
CREATE INDEX job_any ON job (kind, ready) WHERE kind <> 'line';
CREATE INDEX job_route ON job (route) WHERE kind <> 'line';

CREATE TABLE lot_mark (
    lot          TEXT COLLATE "C" PRIMARY KEY,
    told_stays   BIGINT NOT NULL,
    paused       BIGINT NOT NULL,
    pause_reason TEXT COLLATE "C" NOT NULL
);

CREATE TABLE node (
    name   TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    beat   BIGINT NOT NULL
);

-- A session that ended keeps its row with no node, so that its epoch never comes again.
CREATE TABLE line_session (
    lot           TEXT COLLATE "C" NOT NULL,
    local_id      TEXT COLLATE "C" NOT NULL,
    node          TEXT COLLATE "C" NOT NULL,
    epoch         BIGINT NOT NULL,
    remote        TEXT COLLATE "C" NOT NULL,
    receive_cloud BIGINT NOT NULL,
    since         BIGINT NOT NULL,
    beat          BIGINT NOT NULL,
    PRIMARY KEY (lot, local_id)
);
CREATE INDEX line_session_node ON line_session (node, lot) WHERE node <> '';

CREATE TABLE doc (
    kind TEXT COLLATE "C" NOT NULL,
    key  TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE TABLE doc_rev (
    kind TEXT COLLATE "C" PRIMARY KEY,
    rev  BIGINT NOT NULL
);

CREATE TABLE audit (
    seq   BIGINT PRIMARY KEY,
    entry BYTEA NOT NULL,
    hash  BYTEA NOT NULL
);
CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION append_only();

-- Every plate once, written from both ends, for the search by a part of it.
CREATE TABLE plate (
    plate TEXT COLLATE "C" PRIMARY KEY,
    rev   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX plate_rev ON plate (rev);

-- Days that are past are added up once. rev counts what changed a day, summed is the rev it was added up at.
CREATE TABLE statement_day (
    day     TEXT COLLATE "C" PRIMARY KEY,
    rev     BIGINT NOT NULL,
    summed  BIGINT NOT NULL,
    closed  BIGINT NOT NULL
);
CREATE TABLE statement (
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
    gaps            BIGINT NOT NULL,
    PRIMARY KEY (day, platform, lot)
);
CREATE INDEX statement_lot ON statement (lot, day);
