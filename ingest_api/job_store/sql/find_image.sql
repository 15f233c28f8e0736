-- One image.
-- $1 id
SELECT id, original_id, original_name, sent_name, format, width, height, byte_size, created_at, sha256, owner
FROM images WHERE id = $1
