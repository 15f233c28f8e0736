-- One image, unless it is deleted or has expired.
-- $1 id
SELECT id, original_id, original_name, sent_name, format, width, height, byte_size, created_at, sha256, owner, expires_at, tags
FROM images WHERE id = $1 AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())
