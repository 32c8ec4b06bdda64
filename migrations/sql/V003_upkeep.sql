-- What the node does by itself, and how that went. Lost with the file, it is done again.

-- How storing again went, by target. A target that has never been stored again has no row.
CREATE TABLE republications (
    target BLOB PRIMARY KEY,
    last_attempt_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,            -- in a row that nobody acknowledged; 0 after a success
    acknowledged INTEGER NOT NULL,        -- how many nodes acknowledged it the last time
    last_result TEXT NOT NULL,            -- 'stored', 'unanswered' or 'others_closer'
    holders TEXT NOT NULL,                -- their mids and addresses: one line each
    retry_at INTEGER,                     -- not before this moment; NULL where nothing stands in the way
    sought_at INTEGER,                    -- when it was last looked for in the DHT, because it is pinned
    sought_asked INTEGER,                 -- how many nodes answered then
    sought_found INTEGER                  -- how many of them had it
) STRICT, WITHOUT ROWID;

-- The recurring jobs.
CREATE TABLE jobs (
    name TEXT PRIMARY KEY,
    due_at INTEGER NOT NULL,
    last_run_at INTEGER,
    last_result TEXT,
    budget TEXT NOT NULL                  -- what one run may use, in words
) STRICT, WITHOUT ROWID;

-- The routing table as it was when the contacts were last saved.
CREATE TABLE buckets (
    family TEXT NOT NULL,
    prefix TEXT NOT NULL,                 -- the leading bits that its ids share, as 0 and 1
    contacts INTEGER NOT NULL,
    last_changed INTEGER NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (family, prefix)
) STRICT, WITHOUT ROWID;
