-- The index: questions about what the archive holds. Everything but contacts is derived from LMDB.
-- Times are nanoseconds since 1970, UTC; identifiers are 20 bytes.

-- One row for each value of the archive: those in the serving window, expired ones too, and those that are retained.
CREATE TABLE entries (
    target BLOB NOT NULL,
    class INTEGER NOT NULL,               -- 1 owner, 2 signed, 3 unsigned
    identity BLOB NOT NULL,               -- mid of the signer, or SHA-1 of the unsigned value
    version INTEGER,                      -- NULL where unsigned
    byte_count INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_stored INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    published_here INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,           -- published here, and taken back
    retained INTEGER NOT NULL,            -- 0 in the serving window, 1 behind it
    sender BLOB,                          -- mid; NULL where published here
    sender_address TEXT,                  -- NULL where published here
    signer BLOB,                          -- mid; NULL where unsigned
    republish_due INTEGER,                  -- when it is to be stored in the DHT again; NULL for never
    verified_algorithm TEXT,              -- level of the signer's key; NULL where unsigned
    verified_result TEXT,                 -- 'valid', 'invalid'
    verified_at INTEGER,
    verified_by TEXT,                     -- 'store', or the run of a scrub
    PRIMARY KEY (target, class, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_expiry ON entries (retained, expires_at);
CREATE INDEX entries_by_signer ON entries (signer) WHERE signer IS NOT NULL;
CREATE INDEX entries_by_republish ON entries (republish_due, expires_at) WHERE republish_due IS NOT NULL;

-- Who signed the entries above.
CREATE VIEW publishers AS
    SELECT signer AS mid, max(verified_algorithm) AS level, count(*) AS entry_count, min(first_seen) AS first_seen,
        max(last_stored) AS last_stored
    FROM entries WHERE signer IS NOT NULL GROUP BY signer;

-- Peers to ask after a restart.
CREATE TABLE contacts (
    mid BLOB NOT NULL,
    address TEXT NOT NULL,
    public_key BLOB NOT NULL,
    first_seen INTEGER NOT NULL,
    last_response INTEGER,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (mid, address)
) STRICT, WITHOUT ROWID;

-- How far the index has followed the journal of which archive. While a rebuild is under way, rebuild_after is the
-- table and the key of the last record taken over, empty at first.
CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    archive_id BLOB NOT NULL,
    last_change INTEGER NOT NULL,
    last_checksum BLOB NOT NULL,
    rebuild_after BLOB,
    rebuild_done INTEGER NOT NULL DEFAULT 0,
    republish_rule TEXT NOT NULL            -- the settings that republish_due follows from
) STRICT;

-- The indexes of entries that a rebuild has dropped, because it is many times faster without them, and makes again at
-- its end.
CREATE TABLE suspended_indexes (name TEXT PRIMARY KEY, sql TEXT NOT NULL) STRICT, WITHOUT ROWID;
