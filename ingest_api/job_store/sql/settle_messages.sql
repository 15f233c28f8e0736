-- Delete messages that Kafka has acknowledged, and note the places of unfinished jobs' newest requests.
-- Jobs are locked in the order of their ids, as lock_jobs does, so that no two callers deadlock.
-- $1 message ids; $2 job ids, $3 partitions, $4 offsets
WITH locked AS (
    SELECT id FROM jobs WHERE id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
), recorded AS (
    UPDATE jobs
    SET published_partition = new.part, published_offset = new.pos, published_at = now()
    FROM locked JOIN unnest($2::uuid[], $3::int[], $4::bigint[]) AS new (id, part, pos) ON locked.id = new.id
    WHERE jobs.id = locked.id AND jobs.ended_at IS NULL
)
DELETE FROM outbox WHERE id = ANY ($1::bigint[])
