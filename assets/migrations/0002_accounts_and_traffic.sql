-- Administrators of the pages. `folded` is the name in small letters: two names that people take for
-- one are one. `hash` is a PHC string; it is read by sign-in alone.
CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    folded     TEXT NOT NULL UNIQUE,
    hash       TEXT NOT NULL,
    language   TEXT,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER
) STRICT;

-- Who is signed in. `token` is the SHA-256 of what the browser holds: a copy of this file signs
-- nobody in.
CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account);

-- What came in by the hour (hours since 1970), and what became of it: `received` for each submission
-- that was taken up, and its state once that is final. Purging takes nothing away from here.
CREATE TABLE traffic (
    hour    INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (hour, channel, outcome)
) WITHOUT ROWID, STRICT;

-- An id is its time of arrival in milliseconds, shifted by 20 bits.
INSERT INTO traffic (hour, channel, outcome, n)
    SELECT (id >> 20) / 3600000, channel, 'received', count(*) FROM delivery GROUP BY 1, 2;
INSERT INTO traffic (hour, channel, outcome, n)
    SELECT (id >> 20) / 3600000, channel, state, count(*) FROM delivery
    WHERE state NOT IN ('queued', 'delivering') GROUP BY 1, 2, 3;

CREATE TRIGGER delivery_came AFTER INSERT ON delivery BEGIN
    INSERT INTO traffic (hour, channel, outcome, n) VALUES ((new.id >> 20) / 3600000, new.channel, 'received', 1)
        ON CONFLICT (hour, channel, outcome) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_came_finished AFTER INSERT ON delivery WHEN new.state NOT IN ('queued', 'delivering') BEGIN
    INSERT INTO traffic (hour, channel, outcome, n) VALUES ((new.id >> 20) / 3600000, new.channel, new.state, 1)
        ON CONFLICT (hour, channel, outcome) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_finished AFTER UPDATE OF state ON delivery
WHEN old.state <> new.state AND new.state NOT IN ('queued', 'delivering') BEGIN
    INSERT INTO traffic (hour, channel, outcome, n) VALUES ((new.id >> 20) / 3600000, new.channel, new.state, 1)
        ON CONFLICT (hour, channel, outcome) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_reopened AFTER UPDATE OF state ON delivery
WHEN old.state <> new.state AND old.state NOT IN ('queued', 'delivering') BEGIN
    UPDATE traffic SET n = n - 1
        WHERE hour = (old.id >> 20) / 3600000 AND channel = old.channel AND outcome = old.state;
END;
