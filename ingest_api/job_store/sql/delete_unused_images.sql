-- Delete images that no job and no variant refers to; return the deleted ones.
-- $1 ids
DELETE FROM images
WHERE id = ANY ($1::uuid[])
  AND NOT EXISTS (SELECT FROM jobs WHERE jobs.original_id = images.id)
  AND NOT EXISTS (SELECT FROM images AS variants WHERE variants.original_id = images.id)
RETURNING id
