-- The unfinished jobs that work on images, and those that may still report them as their variants.
-- $1 ids
SELECT id FROM jobs WHERE original_id = ANY ($1::uuid[]) AND ended_at IS NULL
UNION
SELECT jobs.id FROM images JOIN jobs ON jobs.original_id = images.original_id AND jobs.ended_at IS NULL
WHERE images.id = ANY ($1::uuid[])
