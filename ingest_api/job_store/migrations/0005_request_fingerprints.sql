-- Fingerprints that a new option leaves as they are; those of the first release stay beside them while it may still run.

ALTER TABLE idempotency_keys ADD COLUMN versioned_fingerprint text; -- such as v2:…; null in rows of the first release
