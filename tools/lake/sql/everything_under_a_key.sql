-- Everything that was ever stored under a key, in any archive. Set key: 40 hexadecimal digits.
SELECT archive, lower(hex(id)) AS id, class, version, number, first_seen, last_stored, expires_at, replaced_at, gone,
    lower(hex(entry)) AS entry
FROM versions WHERE part = lower(concat('x', substr('${key}', 1, 1))) AND key = unhex('${key}')
ORDER BY id, version, archive
