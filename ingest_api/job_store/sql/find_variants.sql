-- The variants of jobs that were made and are there.
-- $1 jobs
SELECT jobs.id AS job_id, (task ->> 'id')::uuid AS task_id, images.id, format, width, height, byte_size
FROM jobs, jsonb_array_elements(jobs.tasks) WITH ORDINALITY AS tasks (task, place)
    JOIN images ON images.id = (task ->> 'variantId')::uuid
WHERE jobs.id = ANY ($1::uuid[])
  AND images.deleted_at IS NULL AND (images.expires_at IS NULL OR images.expires_at > now())
ORDER BY jobs.id, place
