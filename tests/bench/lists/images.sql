-- Images of three kinds of owners; a quarter has tags, one of them common, the other rare.
-- $1 how many
INSERT INTO images (id, original_name, format, width, height, byte_size, created_at, owner, tags)
SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       'photo', 'jpeg', 4000, 3000, 3000000, now(),
       CASE WHEN n % 100 < 50 THEN 'anybody' WHEN n % 100 < 99 THEN 'large' ELSE 'small' END,
       CASE WHEN n % 4 = 0 THEN jsonb_build_object('shop', 'common', 'order', (n % 1000000)::text) END
FROM generate_series(1, $1::bigint) AS n
