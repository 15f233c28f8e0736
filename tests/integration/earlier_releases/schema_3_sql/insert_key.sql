-- Take an idempotency key; no row when it is taken. Waits for a transaction that is about to take it.
-- $1 operation, $2 key, $3 fingerprint, $4 ids of what is made
INSERT INTO idempotency_keys (operation, key, fingerprint, ids) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
RETURNING key
