-- Delete messages that Kafka has acknowledged, and note the places of unfinished jobs' newest requests.
-- Keeps the protocol's rule "place in Kafka" (ARCHITECTURE.md).
-- Jobs are locked in the order of their ids, as lock_jobs does, so that no two callers deadlock.
-- $1 message ids; $2 job ids, $3 partitions, $4 offsets, $5 topics
WITH locked AS (
    SELECT id FROM jobs WHERE id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
), recorded AS (
    UPDATE jobs
    SET published_partition = new.part, published_offset = new.pos, published_topic = new.topic, published_at = now()
    FROM locked JOIN unnest($2::uuid[], $3::int[], $4::bigint[], $5::text[]) AS new (id, part, pos, topic) ON locked.id = new.id
    WHERE jobs.id = locked.id AND jobs.ended_at IS NULL
)
DELETE FROM outbox WHERE id = ANY ($1::bigint[])
