-- The networks from which the node takes nothing. Lost with the file.
CREATE TABLE bans (
    network TEXT PRIMARY KEY,             -- an address, or a network such as 192.0.2.0/24
    banned_at INTEGER NOT NULL,
    ends_at INTEGER                       -- NULL for never
) STRICT, WITHOUT ROWID;

INSERT INTO column_notes (table_name, column_name, unit, meaning) VALUES
    ('bans', 'network', 'text',
        'an address, or a network such as 192.0.2.0/24, from which the node takes nothing'),
    ('bans', 'banned_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the operator banned it'),
    ('bans', 'ends_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the ban ends; NULL for never');

PRAGMA user_version = 8;
