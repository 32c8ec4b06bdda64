-- Requests by kind and how long they took, in the samples. Samples from before this step have zeros there.
ALTER TABLE samples ADD COLUMN introduction_requests INTEGER NOT NULL DEFAULT 0;     -- requests; sum
ALTER TABLE samples ADD COLUMN ping_requests INTEGER NOT NULL DEFAULT 0;             -- requests; sum
ALTER TABLE samples ADD COLUMN find_requests INTEGER NOT NULL DEFAULT 0;             -- requests; sum
ALTER TABLE samples ADD COLUMN store_requests INTEGER NOT NULL DEFAULT 0;            -- requests; sum
ALTER TABLE samples ADD COLUMN peer_requests INTEGER NOT NULL DEFAULT 0;             -- requests; sum
ALTER TABLE samples ADD COLUMN answered_requests INTEGER NOT NULL DEFAULT 0;         -- requests; sum
ALTER TABLE samples ADD COLUMN answering_microseconds INTEGER NOT NULL DEFAULT 0;    -- microseconds; sum
ALTER TABLE samples ADD COLUMN received_responses INTEGER NOT NULL DEFAULT 0;        -- responses; sum
ALTER TABLE samples ADD COLUMN waiting_microseconds INTEGER NOT NULL DEFAULT 0;      -- microseconds; sum

-- The notes become a table, because a step can add rows to a table but cannot extend a view.
CREATE TABLE notes (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    unit TEXT,
    meaning TEXT NOT NULL,
    PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;

INSERT INTO notes SELECT table_name, column_name, unit, meaning FROM column_notes;

DROP VIEW column_notes;

ALTER TABLE notes RENAME TO column_notes;

INSERT INTO column_notes (table_name, column_name, unit, meaning) VALUES
    ('samples', 'introduction_requests', 'requests',
        'introduction requests that came in; of an hour: the sum of its minutes'),
    ('samples', 'ping_requests', 'requests',
        'ping requests that came in; of an hour: the sum of its minutes'),
    ('samples', 'find_requests', 'requests',
        'find requests that came in; of an hour: the sum of its minutes'),
    ('samples', 'store_requests', 'requests',
        'store requests that came in; of an hour: the sum of its minutes'),
    ('samples', 'peer_requests', 'requests',
        'requests that came in to store a peer or to connect to one; of an hour: the sum of its minutes'),
    ('samples', 'answered_requests', 'requests',
        'requests that the node answered, of all kinds; of an hour: the sum of its minutes'),
    ('samples', 'answering_microseconds', 'microseconds',
        'how long these waited for their responses inside the node, all together; of an hour: the sum of its minutes'),
    ('samples', 'received_responses', 'responses',
        'responses to requests of this node; of an hour: the sum of its minutes'),
    ('samples', 'waiting_microseconds', 'microseconds',
        'how long this node waited for these, all together; of an hour: the sum of its minutes'),
    ('column_notes', 'table_name', 'text',
        'the table that a column is in'),
    ('column_notes', 'column_name', 'text',
        'the column'),
    ('column_notes', 'unit', 'text',
        'unit or type of its values; NULL if they have none'),
    ('column_notes', 'meaning', 'text',
        'what its values mean');

PRAGMA user_version = 7;
