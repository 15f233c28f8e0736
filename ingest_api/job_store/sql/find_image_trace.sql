-- Whose an image is, and whether it is deleted.
-- $1 id
SELECT owner, deleted_at IS NOT NULL AS is_deleted FROM images WHERE id = $1
