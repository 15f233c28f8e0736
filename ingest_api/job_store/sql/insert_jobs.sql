-- Add jobs, each of its original's owner, and the events that ask for them; no row, and neither of both, for a job whose original is unknown.
-- Keeps the protocol's rule "one transaction" (ARCHITECTURE.md).
-- $1 ids, $2 original ids, $3 tasks, $4 creation times; of the events: $5 topics, $6 keys, $7 values, $8 headers,
-- $9 due times (null: now)
WITH new AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::timestamptz[],
                         $5::text[], $6::bytea[], $7::bytea[], $8::jsonb[], $9::timestamptz[])
         AS new (id, original_id, tasks, created_at, topic, key, value, headers, due_at)
), job AS (
    INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at, owner)
    SELECT new.id, images.id, 'pending', tasks, 1, 0, new.created_at, images.owner
    FROM new JOIN images ON images.id = new.original_id
    RETURNING id
)
INSERT INTO outbox (topic, key, value, headers, due_at, request_of)
SELECT topic, key, value, headers, coalesce(due_at, now()), job.id FROM new JOIN job ON job.id = new.id
RETURNING request_of AS id
