-- concurrently
-- What was made of an original, and what has not ended, found without reading the whole table.

DROP INDEX CONCURRENTLY IF EXISTS jobs_by_original; -- one that a broken off migration left half built
CREATE INDEX CONCURRENTLY jobs_by_original ON jobs (original_id);
DROP INDEX CONCURRENTLY IF EXISTS variants_by_original;
CREATE INDEX CONCURRENTLY variants_by_original ON images (original_id) WHERE original_id IS NOT NULL;
-- In place of unfinished_jobs, which the release before still needs: drop that one a release later.
DROP INDEX CONCURRENTLY IF EXISTS jobs_not_ended;
CREATE INDEX CONCURRENTLY jobs_not_ended ON jobs (published_at) WHERE ended_at IS NULL;
