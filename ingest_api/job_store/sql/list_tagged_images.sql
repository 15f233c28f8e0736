-- Images with tags that are neither deleted nor expired, newest first. Planned for its arguments; a null filter filters nothing.
-- $1 the id to continue before, $2 owner, $3 original, $4 how many at most, $5 one of the tags as name:value, $6 all tags
SELECT images.id, original_id, original_name, sent_name, format, width, height, byte_size, created_at, sha256, images.owner, expires_at, tags
FROM image_tags JOIN images ON images.id = image_tags.id
WHERE tag = $5 AND tags @> $6::jsonb
  AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > now())
  AND ($1::uuid IS NULL OR image_tags.id < $1 AND images.id < $1) -- both, as either may be read first
  AND ($2::text IS NULL OR image_tags.owner = $2)
  AND ($3::uuid IS NULL OR original_id = $3)
ORDER BY image_tags.id DESC
LIMIT $4
