-- One image.
-- $1 id
SELECT id, original_id, original_name, format, width, height, byte_size, created_at, sha256 FROM images WHERE id = $1
