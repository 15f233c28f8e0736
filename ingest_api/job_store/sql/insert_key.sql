-- Take an idempotency key; no row if it is taken. Waits for a transaction that is taking it.
-- $1 operation, $2 key, $3 fingerprint as the first release takes it, $4 versioned fingerprint, $5 ids of what is made
INSERT INTO idempotency_keys (operation, key, fingerprint, versioned_fingerprint, ids) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING key
