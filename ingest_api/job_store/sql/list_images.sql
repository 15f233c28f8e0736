-- Images that are neither deleted nor expired, newest first. Planned for its arguments; a null filter filters nothing.
-- $1 the id to continue before, $2 owner, $3 original, $4 how many at most
SELECT id, original_id, original_name, sent_name, format, width, height, byte_size, created_at, sha256, owner, expires_at, tags
FROM images
WHERE ($1::uuid IS NULL OR id < $1)
  AND ($2::text IS NULL OR owner = $2)
  AND ($3::uuid IS NULL OR original_id = $3)
  AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())
ORDER BY id DESC
LIMIT $4
