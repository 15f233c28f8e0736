-- The places in Kafka of unfinished jobs' requests published before a time, the oldest first.
-- $1 the time, $2 how many at most
SELECT id, priority, published_topic, published_partition, published_offset FROM jobs
WHERE ended_at IS NULL AND published_at < $1
ORDER BY published_at
LIMIT $2
