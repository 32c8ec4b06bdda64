-- Rows and indexes of two thirds of the size. What follows from other columns is computed when it is read, and a row has a
-- number, which SQLite's indexes repeat instead of the row's key. The node derives all rows again.
DROP VIEW publishers;
DROP TABLE entries;

-- One row for each value of the archive: those in the serving window, expired ones too, and those that are retained.
CREATE TABLE entries (
    target BLOB NOT NULL,
    class INTEGER NOT NULL,               -- 1 owner, 2 signed, 3 unsigned
    signer BLOB,                          -- mid; NULL where unsigned
    digest BLOB,                          -- SHA-1 of an unsigned value; NULL where signed
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
    republish_due INTEGER,                -- when it is to be stored in the DHT again; NULL for never
    key_level INTEGER,                    -- of the signer's key; NULL where unsigned
    scrubbed_at INTEGER,                  -- when a scrub last found the signature valid
    scrub_started_at INTEGER,             -- when that scrub began
    identity BLOB AS (coalesce(signer, digest)),
    verified_algorithm TEXT AS (CASE key_level
        WHEN 0 THEN 'curve25519' WHEN 1 THEN 'very-low' WHEN 2 THEN 'low' WHEN 3 THEN 'medium' WHEN 4 THEN 'high' END),
    verified_result TEXT AS (iif(signer IS NOT NULL, 'valid', NULL)),
    verified_at INTEGER AS (iif(signer IS NOT NULL, coalesce(scrubbed_at, first_seen), NULL)),
    verified_by TEXT AS (iif(signer IS NOT NULL,
        coalesce('scrub ' || strftime('%Y-%m-%dT%H:%M:%SZ', scrub_started_at / 1000000000, 'unixepoch'), 'store'), NULL)),
    UNIQUE (target, class, identity)
) STRICT;

CREATE INDEX entries_by_expiry ON entries (retained, expires_at);
CREATE INDEX entries_by_signer ON entries (signer) WHERE signer IS NOT NULL;
CREATE INDEX entries_by_republish ON entries (republish_due, expires_at, target) WHERE republish_due IS NOT NULL;

-- Who signed the entries above.
CREATE VIEW publishers AS
    SELECT signer AS mid, max(verified_algorithm) AS level, count(*) AS entry_count, min(first_seen) AS first_seen,
        max(last_stored) AS last_stored
    FROM entries WHERE signer IS NOT NULL GROUP BY signer;

DELETE FROM suspended_indexes;
DELETE FROM position;

INSERT INTO column_notes (table_name, column_name, unit, meaning) VALUES
    ('entries', 'digest', '20 bytes',
        'SHA-1 of the unsigned value; NULL if signed'),
    ('entries', 'key_level', NULL,
        'level of the signer''s key: 0 curve25519, 1 very-low, 2 low, 3 medium, 4 high; NULL if unsigned'),
    ('entries', 'scrubbed_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when a scrub last found the signature valid; NULL if none did since the value was stored'),
    ('entries', 'scrub_started_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when that scrub began');

PRAGMA user_version = 10;
