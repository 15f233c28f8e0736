-- The next unfinished jobs of a batch, by id.
-- $1 batch, $2 the id to continue after, $3 how many at most
SELECT id FROM jobs WHERE batch_id = $1 AND id > $2 AND ended_at IS NULL ORDER BY id LIMIT $3
