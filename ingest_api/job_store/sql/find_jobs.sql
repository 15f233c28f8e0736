-- Jobs with their originals.
-- $1 ids
SELECT jobs.id, state, tasks, attempt, starts, counted_starts, code, reason, due_at, jobs.created_at, ended_at, started_at,
       sequence, task_ends, retry_of, variants_expire_seconds, jobs.tags, priority, batch_id,
       published_topic, published_partition, published_offset, published_at,
       images.id AS image_id, images.original_id, original_name, sent_name, format, width, height, byte_size,
       images.created_at AS image_created_at, images.sha256, images.owner, images.expires_at, images.deleted_at,
       images.tags AS image_tags
FROM jobs JOIN images ON images.id = jobs.original_id
WHERE jobs.id = ANY ($1::uuid[])
