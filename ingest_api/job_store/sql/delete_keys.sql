-- Delete idempotency keys older than some hours; return how many.
-- $1 hours
WITH old AS (DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1) RETURNING 1)
SELECT count(*) FROM old
