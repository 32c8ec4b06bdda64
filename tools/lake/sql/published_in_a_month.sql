-- What a signer published in a month, by the key. Set id: the signer's mid; month: such as 2026-03.
SELECT lower(hex(key)) AS key, version, count(*) AS archives
FROM by_signer WHERE month = 'm${month}' AND id = unhex('${id}')
GROUP BY 1, 2 ORDER BY 1, 2
