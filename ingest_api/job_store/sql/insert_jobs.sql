-- Add jobs, each of its original's owner, and the events that ask for them; no row, and neither of both, for a job whose original
-- is unknown or deleted. Originals are locked in the order of their ids: a deletion that came first is seen, and one that comes
-- later sees the job. The foreign key alone does not wait for a deletion.
-- Keeps the protocol's rules "one transaction" and "deletion" (ARCHITECTURE.md).
-- $1 ids, $2 original ids, $3 tasks, $4 creation times, $5 jobs that they repeat, $6 seconds for which variants are kept (null: as
-- the settings say); of the events: $7 topics, $8 keys, $9 values, $10 headers, $11 due times (null: now); of the jobs
-- again: $12 tags, $13 priorities, $14 batches
WITH new AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::timestamptz[], $5::uuid[], $6::int[],
                         $7::text[], $8::bytea[], $9::bytea[], $10::jsonb[], $11::timestamptz[],
                         $12::jsonb[], $13::text[], $14::uuid[])
         AS new (id, original_id, tasks, created_at, retry_of, variants_expire_seconds, topic, key, value, headers, due_at,
                 tags, priority, batch_id)
), original AS (
    SELECT id, owner FROM images
    WHERE id = ANY ($2::uuid[]) AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    ORDER BY id
    FOR SHARE
), job AS (
    INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at, owner, retry_of, variants_expire_seconds,
                      tags, priority, batch_id)
    SELECT new.id, original.id, 'pending', tasks, 1, 0, new.created_at, original.owner, retry_of, variants_expire_seconds,
           tags, priority, batch_id
    FROM new JOIN original ON original.id = new.original_id
    RETURNING id, owner, tags
), tagged AS (
    INSERT INTO job_tags (tag, id, owner)
    SELECT tag.key || ':' || tag.value, job.id, job.owner FROM job, jsonb_each_text(job.tags) AS tag
)
INSERT INTO outbox (topic, key, value, headers, due_at, request_of)
SELECT topic, key, value, headers, coalesce(due_at, now()), job.id FROM new JOIN job ON job.id = new.id
RETURNING request_of AS id
