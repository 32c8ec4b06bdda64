-- How far the scrub is, which re-reads every record bit by bit, and what its last run came to. Lost with the index, it
-- begins anew.
CREATE TABLE scrub (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    run TEXT,                             -- the run under way: when it was begun; NULL between two runs
    started_at INTEGER,
    place_table INTEGER NOT NULL,         -- the table that is being read, and the last key that was, empty at first
    place_key BLOB NOT NULL,
    checked INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    finished_at INTEGER,                  -- of the last run that came to its end, NULL before the first one did
    finished_checked INTEGER NOT NULL,
    finished_damaged INTEGER NOT NULL
) STRICT;
