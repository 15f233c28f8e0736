-- The ids made under an idempotency key.
-- $1 operation, $2 key
SELECT fingerprint, versioned_fingerprint, ids FROM idempotency_keys WHERE operation = $1 AND key = $2
