-- Counters and marks. `watermark`: the newest submission that the engine has taken up. The others
-- count changes, so that another process notices them by one cheap query.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO meta (name, value) VALUES ('watermark', 0), ('channels', 0), ('settings', 0), ('retries', 0), ('probe', 0);

-- What came in: one short row on the accept path, no index but the row's own number, which is the
-- time of arrival. The body stands last, so that a listing never walks through its pages. `channel`
-- is no foreign key: channels are never removed, and the check would cost every accept.
CREATE TABLE inbox (
    id           INTEGER PRIMARY KEY,
    channel      INTEGER NOT NULL,
    via          TEXT,
    post         INTEGER NOT NULL,
    query        TEXT NOT NULL,
    content_type TEXT,
    ip           TEXT NOT NULL,
    referer      TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    body         BLOB NOT NULL
) STRICT;

-- Where a submission stands. Made when the engine takes it up, or with it when there is nothing to
-- deliver (test, unreadable, repeat, spam).
CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    channel         INTEGER NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    since           INTEGER NOT NULL,
    error           TEXT,
    error_step      TEXT,
    decision        TEXT,
    result          TEXT,
    changed_at      INTEGER NOT NULL,
    summary         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX delivery_unfinished ON delivery (id) WHERE state IN ('queued', 'delivering');
CREATE INDEX delivery_by_state ON delivery (state);
CREATE INDEX delivery_by_channel ON delivery (channel);
CREATE INDEX delivery_by_channel_and_state ON delivery (channel, state);

-- How many deliveries stand where, kept by triggers: counting a million rows for a page would not do.
CREATE TABLE tally (
    channel INTEGER NOT NULL,
    state   TEXT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (channel, state)
) WITHOUT ROWID, STRICT;

-- Finds any part of a summary, in any alphabet without regard to case: LIKE folds ASCII only and
-- would read every row.
CREATE VIRTUAL TABLE delivery_text USING fts5 (summary, content = '', contentless_delete = 1, tokenize = 'trigram');

CREATE TRIGGER delivery_added AFTER INSERT ON delivery BEGIN
    INSERT INTO tally (channel, state, n) VALUES (new.channel, new.state, 1)
        ON CONFLICT (channel, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON delivery WHEN old.state <> new.state BEGIN
    UPDATE tally SET n = n - 1 WHERE channel = old.channel AND state = old.state;
    INSERT INTO tally (channel, state, n) VALUES (new.channel, new.state, 1)
        ON CONFLICT (channel, state) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery BEGIN
    UPDATE tally SET n = n - 1 WHERE channel = old.channel AND state = old.state;
END;
CREATE TRIGGER delivery_described AFTER INSERT ON delivery WHEN new.summary <> '' BEGIN
    INSERT INTO delivery_text (rowid, summary) VALUES (new.id, new.summary);
END;
CREATE TRIGGER delivery_redescribed AFTER UPDATE OF summary ON delivery WHEN old.summary <> new.summary BEGIN
    DELETE FROM delivery_text WHERE rowid = old.id;
    INSERT INTO delivery_text (rowid, summary) VALUES (new.id, new.summary);
END;
CREATE TRIGGER delivery_undescribed AFTER DELETE ON delivery WHEN old.summary <> '' BEGIN
    DELETE FROM delivery_text WHERE rowid = old.id;
END;

-- Every call of every delivery. A dropped one is history: `inbox retry` took it from the planner's
-- sight.
CREATE TABLE step (
    submission INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    key        TEXT NOT NULL,
    method     TEXT NOT NULL,
    effect     TEXT NOT NULL,
    sent       TEXT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT,
    begun_at   INTEGER NOT NULL,
    took_ms    INTEGER,
    dropped    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (submission, seq)
) WITHOUT ROWID, STRICT;

-- `Idempotency-Key` headers of the last day.
CREATE TABLE idempotency (
    channel INTEGER NOT NULL,
    key     TEXT NOT NULL,
    id      INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) WITHOUT ROWID, STRICT;
CREATE INDEX idempotency_by_age ON idempotency (at);

-- Channels are never removed: a deleted one's address lives on. `settings` is the channel's JSON;
-- which one is the default stands in the column alone, so that moving the flag touches no JSON.
CREATE TABLE channel (
    key        INTEGER PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    settings   TEXT NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX channel_default ON channel (is_default) WHERE is_default = 1;

-- Settings as JSON. What is secret (webhook codes, tokens, password hashes) lives in a table of its
-- own, so that no listing or export of settings can ever take it along.
CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE credential (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID, STRICT;
