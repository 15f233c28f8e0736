-- Open batches whose jobs have all ended: the release before ended some, and counts nothing.
-- $1 how many at most
SELECT id FROM batches
WHERE ended_at IS NULL AND NOT EXISTS (SELECT FROM jobs WHERE batch_id = batches.id AND jobs.ended_at IS NULL)
ORDER BY id LIMIT $1
