-- The hundred signers of the most bytes.
SELECT lower(hex(id)) AS id, count(*) AS versions, sum(octet_length(entry)) AS bytes
FROM versions WHERE class <> 'unsigned' AND NOT gone
GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 100
