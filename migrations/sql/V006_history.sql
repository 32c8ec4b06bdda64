-- What happened when. These two tables cannot be derived from the archive: they stay when everything else in this file is
-- built anew, and a file that is damaged is searched for them.

-- The main figures of each minute of the last two days, and of each hour of the last ten years. An hour's row is made from its
-- minutes: averages, sums, or the highest.
CREATE TABLE samples (
    span INTEGER NOT NULL,                -- seconds: 60 or 3600
    started_at INTEGER NOT NULL,
    contacts INTEGER NOT NULL,            -- nodes; average
    good_contacts INTEGER NOT NULL,       -- nodes; average
    ready_seconds INTEGER NOT NULL,       -- seconds; sum
    archived_values INTEGER NOT NULL,     -- values; average
    archived_keys INTEGER NOT NULL,       -- keys; average
    live_bytes INTEGER NOT NULL,          -- bytes; average
    free_bytes INTEGER NOT NULL,          -- bytes; average
    changes INTEGER NOT NULL,             -- changes; sum
    values_refused INTEGER NOT NULL,      -- values; sum
    values_evicted INTEGER NOT NULL,      -- values; sum
    datagrams_received INTEGER NOT NULL,  -- datagrams; sum
    bytes_received INTEGER NOT NULL,      -- bytes; sum
    datagrams_sent INTEGER NOT NULL,      -- datagrams; sum
    bytes_sent INTEGER NOT NULL,          -- bytes; sum
    datagrams_dropped INTEGER NOT NULL,   -- datagrams; sum
    requests_timed_out INTEGER NOT NULL,  -- requests; sum
    lookups INTEGER NOT NULL,             -- lookups; sum
    due_keys INTEGER NOT NULL,            -- keys; average
    late_keys INTEGER NOT NULL,           -- keys; average
    republished_keys INTEGER NOT NULL,    -- keys; sum
    unacknowledged_keys INTEGER NOT NULL, -- keys; sum
    endangered_pins INTEGER NOT NULL,     -- keys; average
    memory_bytes INTEGER NOT NULL,        -- bytes; average
    cpu_milliseconds INTEGER NOT NULL,    -- milliseconds; sum
    open_files INTEGER NOT NULL,          -- files; average
    loop_lag_milliseconds INTEGER NOT NULL,-- milliseconds; highest
    PRIMARY KEY (span, started_at)
) STRICT, WITHOUT ROWID;

-- The last thousand events of each kind.
CREATE TABLE notable_events (
    number INTEGER PRIMARY KEY,           -- a later event has a higher one, whatever the clock says
    happened_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    code TEXT,                            -- of an alert: which
    text TEXT NOT NULL                    -- a sentence
) STRICT;

CREATE INDEX notable_events_by_kind ON notable_events (kind, number);

PRAGMA user_version = 6;

DROP VIEW column_notes;

CREATE VIEW column_notes (table_name, column_name, unit, meaning) AS VALUES
    ('entries', 'target', '20 bytes',
        'the key of the DHT that the value stands under'),
    ('entries', 'class', NULL,
        '1 signed by the key''s owner, 2 signed by somebody else, 3 unsigned'),
    ('entries', 'identity', '20 bytes',
        'mid of the signer, or the SHA-1 of the unsigned value'),
    ('entries', 'version', NULL,
        'the signed version; NULL if unsigned'),
    ('entries', 'byte_count', 'bytes',
        'length of the serialized entry'),
    ('entries', 'first_seen', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when this version came first'),
    ('entries', 'last_stored', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it was last written'),
    ('entries', 'expires_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'it is served before this moment'),
    ('entries', 'published_here', '0 or 1',
        '1 if the operator published it through this node'),
    ('entries', 'withdrawn', '0 or 1',
        '1 if that was taken back'),
    ('entries', 'retained', '0 or 1',
        '0 in the serving window, 1 if it expired and is kept'),
    ('entries', 'sender', '20 bytes',
        'mid of the peer that stored it; NULL if published here'),
    ('entries', 'sender_address', 'text',
        'address and port of that peer; NULL if published here'),
    ('entries', 'signer', '20 bytes',
        'mid of the signer; NULL if unsigned'),
    ('entries', 'republish_due', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it is to be stored in the DHT again; NULL for never'),
    ('entries', 'verified_algorithm', 'text',
        'level of the signer''s key; NULL if unsigned'),
    ('entries', 'verified_result', 'text',
        'valid or invalid; NULL if not checked'),
    ('entries', 'verified_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the signature was checked'),
    ('entries', 'verified_by', 'text',
        'store, or the run of a scrub'),
    ('contacts', 'mid', '20 bytes',
        'the node''s mid'),
    ('contacts', 'address', 'text',
        'its address and port'),
    ('contacts', 'public_key', 'bytes',
        'its binary public key'),
    ('contacts', 'first_seen', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it was first met'),
    ('contacts', 'last_response', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it last answered; NULL for never'),
    ('contacts', 'saved_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when this row was written'),
    ('position', 'id', NULL,
        'always 1'),
    ('position', 'archive_id', '16 bytes',
        'the archive that the index follows'),
    ('position', 'last_change', NULL,
        'number of the last change of the journal that the index has taken over'),
    ('position', 'last_checksum', '8 bytes',
        'checksum of that record of the journal, big-endian'),
    ('position', 'rebuild_after', 'bytes',
        'number of a table and the last key taken over, while a rebuild is under way; else NULL'),
    ('position', 'rebuild_done', 'records',
        'records that the rebuild has taken over'),
    ('position', 'republish_rule', 'text',
        'the settings that republish_due follows from'),
    ('position', 'read_at_change', NULL,
        'last change of the journal when values were last read; NULL if unknown'),
    ('position', 'read_at_checksum', '8 bytes',
        'checksum of that record of the journal, big-endian'),
    ('suspended_indexes', 'name', 'text',
        'an index of entries that a rebuild has dropped'),
    ('suspended_indexes', 'sql', 'text',
        'the statement that makes it again'),
    ('scrub', 'id', NULL,
        'always 1'),
    ('scrub', 'run', 'text',
        'the run under way, named by its beginning; NULL between two runs'),
    ('scrub', 'started_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the run began'),
    ('scrub', 'place_table', NULL,
        'number of the table that is being read'),
    ('scrub', 'place_key', 'bytes',
        'the last key that was read; empty at first'),
    ('scrub', 'checked', 'records',
        'records read in this run'),
    ('scrub', 'damaged', 'records',
        'damaged ones among them'),
    ('scrub', 'finished_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when the last complete run ended; NULL before the first'),
    ('scrub', 'finished_checked', 'records',
        'records read in that run'),
    ('scrub', 'finished_damaged', 'records',
        'damaged ones among them'),
    ('republications', 'target', '20 bytes',
        'a key of the DHT that was stored again or looked for; or the mid of a pinned signer under whose own key the node looked'),
    ('republications', 'last_attempt_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when that was last tried'),
    ('republications', 'attempts', NULL,
        'attempts in a row that no node acknowledged; 0 after a success'),
    ('republications', 'acknowledged', 'nodes',
        'how many nodes acknowledged the last attempt'),
    ('republications', 'last_result', 'text',
        'stored, unanswered or others_closer'),
    ('republications', 'holders', 'text',
        'mids and addresses of the nodes that acknowledged, one line each'),
    ('republications', 'retry_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'not before this moment; NULL if nothing stands in the way'),
    ('republications', 'sought_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it was last looked for in the DHT because of a pin; NULL for never'),
    ('republications', 'sought_asked', 'nodes',
        'how many nodes answered then'),
    ('republications', 'sought_found', 'nodes',
        'how many of them had a value'),
    ('jobs', 'name', 'text',
        'the task'),
    ('jobs', 'due_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it is due'),
    ('jobs', 'last_run_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it last ran; NULL for never'),
    ('jobs', 'last_result', 'text',
        'what came of it, in words'),
    ('jobs', 'budget', 'text',
        'what one run may use, in words'),
    ('buckets', 'family', 'text',
        'ipv4 or ipv6'),
    ('buckets', 'prefix', 'text',
        'the leading bits that the node ids in it share, as 0 and 1'),
    ('buckets', 'contacts', 'nodes',
        'how many contacts it had'),
    ('buckets', 'last_changed', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it last changed'),
    ('buckets', 'saved_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when this row was written'),
    ('samples', 'span', 'seconds',
        'how long the sample took: 60 or 3600'),
    ('samples', 'started_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it began'),
    ('samples', 'contacts', 'nodes',
        'contacts over all families; of an hour: the average of its minutes'),
    ('samples', 'good_contacts', 'nodes',
        'those of them that answered lately; of an hour: the average of its minutes'),
    ('samples', 'ready_seconds', 'seconds',
        'how long the node was ready; of an hour: the sum of its minutes'),
    ('samples', 'archived_values', 'values',
        'values in the serving window, expired ones too; of an hour: the average of its minutes'),
    ('samples', 'archived_keys', 'keys',
        'keys that have such values; of an hour: the average of its minutes'),
    ('samples', 'live_bytes', 'bytes',
        'bytes of the archive that count against its size limit; of an hour: the average of its minutes'),
    ('samples', 'free_bytes', 'bytes',
        'free space on the disk of the data folder; of an hour: the average of its minutes'),
    ('samples', 'changes', 'changes',
        'changes of the archive; of an hour: the sum of its minutes'),
    ('samples', 'values_refused', 'values',
        'values that the archive refused; of an hour: the sum of its minutes'),
    ('samples', 'values_evicted', 'values',
        'records that gave way to others; of an hour: the sum of its minutes'),
    ('samples', 'datagrams_received', 'datagrams',
        'datagrams that came in; of an hour: the sum of its minutes'),
    ('samples', 'bytes_received', 'bytes',
        'bytes of them, without the headers of UDP and IP; of an hour: the sum of its minutes'),
    ('samples', 'datagrams_sent', 'datagrams',
        'datagrams that went out; of an hour: the sum of its minutes'),
    ('samples', 'bytes_sent', 'bytes',
        'bytes of them, without the headers of UDP and IP; of an hour: the sum of its minutes'),
    ('samples', 'datagrams_dropped', 'datagrams',
        'datagrams that were not acted on; of an hour: the sum of its minutes'),
    ('samples', 'requests_timed_out', 'requests',
        'requests of this node that nobody answered in time; of an hour: the sum of its minutes'),
    ('samples', 'lookups', 'lookups',
        'lookups that ended; of an hour: the sum of its minutes'),
    ('samples', 'due_keys', 'keys',
        'keys that were due to be republished; of an hour: the average of its minutes'),
    ('samples', 'late_keys', 'keys',
        'those of them that came too late for a value; of an hour: the average of its minutes'),
    ('samples', 'republished_keys', 'keys',
        'keys that were republished and acknowledged; of an hour: the sum of its minutes'),
    ('samples', 'unacknowledged_keys', 'keys',
        'keys that were republished and not acknowledged; of an hour: the sum of its minutes'),
    ('samples', 'endangered_pins', 'keys',
        'pinned keys of which fewer than 3 other nodes held a replica; of an hour: the average of its minutes'),
    ('samples', 'memory_bytes', 'bytes',
        'memory of the process; of an hour: the average of its minutes'),
    ('samples', 'cpu_milliseconds', 'milliseconds',
        'processor time of the process; of an hour: the sum of its minutes'),
    ('samples', 'open_files', 'files',
        'files and sockets that the process had open; of an hour: the average of its minutes'),
    ('samples', 'loop_lag_milliseconds', 'milliseconds',
        'the longest delay of the event loop; of an hour: the highest of its minutes'),
    ('notable_events', 'number', NULL,
        'a later event has a higher number, whatever the clock says'),
    ('notable_events', 'happened_at', 'nanoseconds since 1970-01-01T00:00:00Z',
        'when it happened'),
    ('notable_events', 'kind', 'text',
        'started, stopped, unclean_end, quota_reached, damage_found, clock_step, address_changed, backup_made, restored, alert_raised or alert_cleared'),
    ('notable_events', 'code', 'text',
        'which alert; NULL for other events'),
    ('notable_events', 'text', 'text',
        'what happened, in a sentence');
