-- A batch, and how many of its jobs are in each state: as counted now, or as it ended.
-- $1 id
SELECT id, owner, tags, total, created_at, ended_at, deleted_at,
       coalesce(counts, (SELECT jsonb_object_agg(state, jobs)
                         FROM (SELECT state, count(*) AS jobs FROM jobs WHERE batch_id = $1 GROUP BY state) AS counted)) AS counts
FROM batches WHERE id = $1
