-- Where the unfinished jobs published before a time stand in Kafka, the oldest first.
-- $1 the time, $2 how many at most
SELECT id, published_partition, published_offset FROM jobs
WHERE state IN ('pending', 'processing') AND published_at < $1
ORDER BY published_at
LIMIT $2
