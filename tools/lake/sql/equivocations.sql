-- Signers of two different values with the same version, which often only the union of archives shows. What is compared is
-- the part before the public key, because some keys sign the same value differently each time.
SELECT lower(hex(v.key)) AS key, lower(hex(v.id)) AS id, v.version, count(DISTINCT v.archive) AS archives
FROM versions v JOIN signers s ON v.id = s.id
WHERE v.class <> 'unsigned' AND (v.key, v.id, v.version) IN (
    SELECT key, id, version FROM versions WHERE class <> 'unsigned' GROUP BY key, id, version HAVING min(entry) <> max(entry))
GROUP BY 1, 2, 3
HAVING count(DISTINCT substr(hex(v.entry), 1, instr(hex(v.entry), hex(s.public_key)))) > 1
ORDER BY 1, 2, 3
