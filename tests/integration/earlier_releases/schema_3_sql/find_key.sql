-- What was made under an idempotency key.
-- $1 operation, $2 key
SELECT fingerprint, ids FROM idempotency_keys WHERE operation = $1 AND key = $2
