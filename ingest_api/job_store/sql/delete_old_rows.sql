-- Delete the rows of images that were deleted before a time, and that nothing refers to any more; return how many.
-- $1 how many at most, $2 the time
WITH old AS (
    SELECT id FROM images
    WHERE deleted_at < $2
      AND NOT EXISTS (SELECT FROM jobs WHERE jobs.original_id = images.id)
      AND NOT EXISTS (SELECT FROM images AS made WHERE made.original_id = images.id)
      AND NOT EXISTS (SELECT FROM cleanings WHERE cleanings.what IN ('original', 'variant') AND cleanings.id = images.id)
    ORDER BY deleted_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), deleted AS (
    DELETE FROM images USING old WHERE images.id = old.id RETURNING 1
)
SELECT count(*) FROM deleted
