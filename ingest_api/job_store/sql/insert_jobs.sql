-- Add jobs, each of its original's owner, and the events that ask for them; no row, and neither of both, for a job whose original is unknown.
-- Keeps the protocol's rule "one transaction" (ARCHITECTURE.md).
-- $1 ids, $2 original ids, $3 tasks, $4 creation times, $5 jobs that they repeat; of the events: $6 topics, $7 keys,
-- $8 values, $9 headers, $10 due times (null: now)
WITH new AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::timestamptz[], $5::uuid[],
                         $6::text[], $7::bytea[], $8::bytea[], $9::jsonb[], $10::timestamptz[])
         AS new (id, original_id, tasks, created_at, retry_of, topic, key, value, headers, due_at)
), job AS (
    INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at, owner, retry_of)
    SELECT new.id, images.id, 'pending', tasks, 1, 0, new.created_at, images.owner, retry_of
    FROM new JOIN images ON images.id = new.original_id
    RETURNING id
)
INSERT INTO outbox (topic, key, value, headers, due_at, request_of)
SELECT topic, key, value, headers, coalesce(due_at, now()), job.id FROM new JOIN job ON job.id = new.id
RETURNING request_of AS id
