-- Lock due messages that no other relay holds, the longest due first.
-- $1 how many at most, $2 topics to skip
SELECT id, topic, key, value, headers, due_at, request_of FROM outbox
WHERE due_at <= now() AND topic <> ALL ($2::text[])
ORDER BY due_at, id
LIMIT $1
FOR UPDATE SKIP LOCKED
