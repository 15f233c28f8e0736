-- Add a job; no row when its original is unknown.
-- $1 id, $2 original id, $3 tasks, $4 creation time
INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at)
SELECT $1, images.id, 'pending', $3, 1, 0, $4 FROM images WHERE images.id = $2
RETURNING id
