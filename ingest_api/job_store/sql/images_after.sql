-- The next images by id that are not deleted, created before a time.
-- $1 the id to continue after, $2 the time, $3 how many at most
SELECT id FROM images WHERE id > $1 AND created_at < $2 AND deleted_at IS NULL ORDER BY id LIMIT $3
