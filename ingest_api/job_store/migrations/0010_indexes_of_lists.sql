-- concurrently
-- What belongs to an owner, and what has failed, newest first, found without reading what does not.

-- Where there are no keys everything is anybody's: lists then go by id, and no index has to be kept for them.
DROP INDEX CONCURRENTLY IF EXISTS images_by_owner;
CREATE INDEX CONCURRENTLY images_by_owner ON images (owner, id) WHERE owner <> 'anybody';
DROP INDEX CONCURRENTLY IF EXISTS jobs_by_owner;
CREATE INDEX CONCURRENTLY jobs_by_owner ON jobs (owner, id) WHERE owner <> 'anybody';
-- Failed jobs are few, and asked for by themselves. Everybody's have an index that an owner's list cannot use, as it does not say
-- that they have a code: PostgreSQL would read through all others' failures for an owner who has none.
DROP INDEX CONCURRENTLY IF EXISTS failed_jobs;
CREATE INDEX CONCURRENTLY failed_jobs ON jobs (id) WHERE state = 'failed' AND code IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS failed_jobs_by_owner;
CREATE INDEX CONCURRENTLY failed_jobs_by_owner ON jobs (owner, id) WHERE state = 'failed';
DROP INDEX CONCURRENTLY IF EXISTS jobs_by_code;
CREATE INDEX CONCURRENTLY jobs_by_code ON jobs (code, id) WHERE code IS NOT NULL;
