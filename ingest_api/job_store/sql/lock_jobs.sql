-- Ends find_jobs if the jobs are to be changed: lock them until the end of the transaction, always in the order of
-- their ids, so that no two callers deadlock.
ORDER BY jobs.id
FOR NO KEY UPDATE OF jobs
