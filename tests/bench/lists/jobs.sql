-- A job on each image; half are in batches of a thousand. One in a thousand failed, one in a hundred of these for a rare reason; the last thousand have not ended.
-- $1 how many
INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at, ended_at, code, reason, owner, tags, batch_id)
SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n + (1::bigint << 40)), 12, '0'))::uuid,
       (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       CASE WHEN n > $1 - 1000 THEN 'pending' WHEN n % 1000 = 1 THEN 'failed' ELSE 'completed' END,
       '[]', 1, 0, now(),
       CASE WHEN n <= $1 - 1000 THEN now() END,
       CASE WHEN n <= $1 - 1000 AND n % 100000 = 1 THEN 'rare' WHEN n <= $1 - 1000 AND n % 1000 = 1 THEN 'time_limit' END,
       CASE WHEN n <= $1 - 1000 AND n % 1000 = 1 THEN 'It took too long.' END,
       CASE WHEN n % 100 < 50 THEN 'anybody' WHEN n % 100 < 99 THEN 'large' ELSE 'small' END,
       CASE WHEN n % 4 = 0 THEN jsonb_build_object('shop', 'common', 'order', (n % 1000000)::text) END,
       CASE WHEN n % 2 = 0 THEN lpad(to_hex(n / 2000), 32, '0')::uuid END
FROM generate_series(1, $1::bigint) AS n
