-- Lock images whose time, which their requests gave them, is over, the longest over first. What another caller deletes is left to it.
-- $1 how many at most
SELECT id FROM images
WHERE expires_at <= now() AND deleted_at IS NULL
ORDER BY expires_at
LIMIT $1
FOR NO KEY UPDATE SKIP LOCKED
