-- The identity that the archive belongs to, in one row. Lost with the file, the next key is taken.
CREATE TABLE identity (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    mid BLOB NOT NULL,
    since_at INTEGER NOT NULL,
    is_new INTEGER NOT NULL               -- 1 until what was published under the key before is published under this one
) STRICT;

INSERT INTO column_notes (table_name, column_name, unit, meaning) VALUES
    ('identity', 'only', NULL,
        'always 1'),
    ('identity', 'mid', 'SHA-1 of a public key',
        'the identity of the node that the archive belongs to'),
    ('identity', 'since_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the archive was given to it'),
    ('identity', 'is_new', '0 or 1',
        '1 until what was published under the key before is published under this one');

PRAGMA user_version = 9;
