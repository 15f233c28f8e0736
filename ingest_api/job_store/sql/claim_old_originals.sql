-- Lock originals older than the settings allow, the oldest first. What another caller deletes is left to it.
-- $1 how many at most, $2 days
SELECT id FROM images
WHERE (original_id IS NULL) = true AND created_at <= now() - make_interval(days => $2) AND deleted_at IS NULL
ORDER BY created_at
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED
