-- Versions that only one archive has, or none any more.
SELECT lower(hex(key)) AS key, lower(hex(id)) AS id, version, min(CASE WHEN gone THEN NULL ELSE archive END) AS archive
FROM versions
GROUP BY 1, 2, 3 HAVING count(DISTINCT CASE WHEN gone THEN NULL ELSE archive END) < 2
ORDER BY 1, 2, 3
