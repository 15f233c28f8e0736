-- Add a job and the event that asks for it; no row, and neither of them, when its original is unknown.
-- $1 id, $2 original id, $3 tasks, $4 creation time; of the event: $5 topic, $6 key, $7 value, $8 headers, $9 due time (null: now)
WITH job AS (
    INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at)
    SELECT $1, images.id, 'pending', $3, 1, 0, $4 FROM images WHERE images.id = $2
    RETURNING id
)
INSERT INTO outbox (topic, key, value, headers, due_at, request_of)
SELECT $5, $6, $7, $8, coalesce($9, now()), id FROM job
RETURNING request_of
