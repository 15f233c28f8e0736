-- Mark images as deleted, and erase what their rows say of their content: names, hash and tags.
-- What was deleted before stays as it is.
-- $1 ids
UPDATE images SET deleted_at = now(), original_name = 'unknown', sent_name = NULL, sha256 = NULL, tags = NULL
WHERE id = ANY ($1::uuid[]) AND deleted_at IS NULL
RETURNING id, original_id, owner
