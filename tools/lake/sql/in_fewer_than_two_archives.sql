-- Versions that only one archive has, or none any more.
SELECT lower(hex(k)) AS key, lower(hex(i)) AS id, version, archive
FROM (SELECT key AS k, id AS i, version, min(CASE WHEN gone THEN NULL ELSE archive END) AS archive,
        max(CASE WHEN gone THEN NULL ELSE archive END) AS other
    FROM versions GROUP BY key, id, version)
WHERE archive IS NULL OR archive = other
ORDER BY k, i, version
