-- Those of some jobs that have ended.
-- $1 ids
SELECT id FROM jobs WHERE id = ANY ($1::uuid[]) AND ended_at IS NOT NULL
