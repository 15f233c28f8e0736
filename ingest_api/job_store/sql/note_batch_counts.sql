-- Note how many jobs of ended batches are in each state, and return the batches. A statement of its own: it sees the ends of
-- those who counted before.
-- $1 ids
UPDATE batches
SET counts = (SELECT jsonb_object_agg(state, jobs)
              FROM (SELECT state, count(*) AS jobs FROM jobs WHERE batch_id = batches.id GROUP BY state) AS counted)
WHERE id = ANY ($1::uuid[])
RETURNING id, owner, tags, total, created_at, ended_at, deleted_at, counts
