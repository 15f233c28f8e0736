-- End a batch whose jobs have all ended, unless somebody has; return its id if so. A job that is ending has not ended until
-- its transaction has counted it.
-- $1 id, $2 the time
UPDATE batches SET unfinished = 0, ended_at = $2
WHERE id = $1 AND ended_at IS NULL AND NOT EXISTS (SELECT FROM jobs WHERE batch_id = $1 AND jobs.ended_at IS NULL)
RETURNING id
