-- Images with everything that was made from them, and from that, and so on.
-- $1 ids
WITH RECURSIVE family AS (
    SELECT id FROM images WHERE id = ANY ($1::uuid[])
    UNION
    SELECT images.id FROM images JOIN family ON images.original_id = family.id
)
SELECT id FROM family
