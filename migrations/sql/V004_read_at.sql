-- Where the journal ended when the values were read that were taken over last. A value is read as it is by then, so the
-- index may tell of changes behind last_change; NULL where it does not.
ALTER TABLE position ADD COLUMN read_at_change INTEGER;
ALTER TABLE position ADD COLUMN read_at_checksum BLOB;
