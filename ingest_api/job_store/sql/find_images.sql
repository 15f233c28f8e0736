-- Images, unless they are deleted or have expired.
-- $1 ids
SELECT id, original_id, original_name, sent_name, format, width, height, byte_size, created_at, sha256, owner, expires_at, tags
FROM images WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())
