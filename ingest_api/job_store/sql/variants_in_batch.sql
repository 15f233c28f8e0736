-- The next variants that jobs of a batch have made, by id, without deleted ones.
-- $1 batch, $2 the id to continue after, $3 how many at most, $4 owner (null: all)
SELECT images.id
FROM jobs CROSS JOIN jsonb_array_elements(tasks) AS task JOIN images ON images.id = (task ->> 'variantId')::uuid
WHERE batch_id = $1 AND images.id > $2 AND deleted_at IS NULL AND ($4::text IS NULL OR images.owner = $4)
ORDER BY images.id
LIMIT $3
