-- Note where in Kafka the newest requests of locked jobs stand.
-- $1 job ids, $2 partitions, $3 offsets
UPDATE jobs
SET published_partition = new.part, published_offset = new.pos, published_at = now()
FROM unnest($1::uuid[], $2::int[], $3::bigint[]) AS new (id, part, pos)
WHERE jobs.id = new.id AND jobs.state IN ('pending', 'processing')
