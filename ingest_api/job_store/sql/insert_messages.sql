-- Add messages to the outbox. A requested job counts as unpublished until the relay has sent its request.
-- $1 topics, $2 keys, $3 values, $4 headers, $5 due times (null: now), $6 requested jobs
WITH unpublished AS (
    UPDATE jobs SET published_at = NULL, published_topic = NULL WHERE id = ANY ($6::uuid[]) AND published_at IS NOT NULL
)
INSERT INTO outbox (topic, key, value, headers, due_at, request_of)
SELECT topic, key, value, headers, coalesce(due_at, now()), request_of
FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::jsonb[], $5::timestamptz[], $6::uuid[])
     AS new (topic, key, value, headers, due_at, request_of)
