-- The variants that a job was to make and that no image has, or only a deleted one.
-- $1 job
SELECT (task ->> 'variantId')::uuid AS id
FROM jobs, jsonb_array_elements(jobs.tasks) AS task
WHERE jobs.id = $1
  AND NOT EXISTS (SELECT FROM images WHERE images.id = (task ->> 'variantId')::uuid AND images.deleted_at IS NULL)
