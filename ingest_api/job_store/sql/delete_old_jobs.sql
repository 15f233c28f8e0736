-- Delete jobs that ended before a time, with their tags; return how many. Those that are still cleaned up after, or that a message
-- of the outbox requests, wait.
-- $1 how many at most, $2 the time, $3 the first id of that time: ids begin with the time they were made
WITH old AS (
    SELECT id FROM jobs
    WHERE id < $3 AND ended_at < $2
      AND NOT EXISTS (SELECT FROM cleanings WHERE cleanings.what = 'job' AND cleanings.id = jobs.id)
      AND NOT EXISTS (SELECT FROM outbox WHERE outbox.request_of = jobs.id)
    ORDER BY id
    LIMIT $1
    FOR UPDATE SKIP LOCKED
), deleted AS (
    DELETE FROM jobs USING old WHERE jobs.id = old.id RETURNING 1
)
SELECT count(*) FROM deleted
