-- The backlog, by the database's own clock: due messages and unfinished jobs, and the ages of the oldest.
SELECT outbox.depth AS outbox_depth, outbox.age AS outbox_age_seconds,
       jobs.pending, jobs.processing, jobs.age AS oldest_unfinished_seconds
FROM (SELECT count(*) AS depth, coalesce(greatest(extract(epoch FROM now() - min(due_at)), 0), 0)::float AS age
      FROM outbox WHERE due_at <= now()) AS outbox,
     (SELECT count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state <> 'pending') AS processing,
             coalesce(greatest(extract(epoch FROM now() - min(created_at)), 0), 0)::float AS age
      FROM jobs WHERE ended_at IS NULL) AS jobs
