-- Versions and bytes that were new each day. Days are those of UTC, whatever the session's time zone was.
SET TIME ZONE 'UTC';
SELECT CAST(first_seen AS DATE) AS day, archive, count(*) AS versions, sum(octet_length(entry)) AS bytes
FROM versions GROUP BY 1, 2 ORDER BY 1, 2
