-- concurrently
-- The jobs of a batch, newest first.

DROP INDEX CONCURRENTLY IF EXISTS jobs_by_batch;
CREATE INDEX CONCURRENTLY jobs_by_batch ON jobs (batch_id, id) WHERE batch_id IS NOT NULL;
