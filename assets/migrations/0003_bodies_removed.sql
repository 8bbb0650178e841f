-- When the request itself was taken away; the rest of the row stays.
ALTER TABLE delivery ADD COLUMN body_removed_at INTEGER;

-- `bodies`: up to this submission all old requests have been looked at. Those that were unfinished then wait in
-- `body_kept`, so that nobody has to walk through old rows again.
INSERT INTO meta (name, value) VALUES ('bodies', 0);
CREATE TABLE body_kept (
    id INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE
) STRICT;
