-- Originals that have expired, and a variant of each, with ids of version 7.
-- $1 how many of both, $2 when they expired, $3 the milliseconds that ids begin with
WITH numbers AS (
    SELECT number, (lpad(to_hex($3::bigint + number), 12, '0') || '70008000' || lpad(to_hex(number), 12, '0'))::uuid AS id
    FROM generate_series(1, $1::int / 2) AS number
)
INSERT INTO images (id, original_id, original_name, format, width, height, byte_size, created_at, owner, expires_at)
SELECT id, NULL, 'photo', 'jpeg', 4032, 3024, 3000000, now(), 'anybody', $2::timestamptz FROM numbers
UNION ALL
SELECT gen_random_uuid(), id, 'photo', 'webp', 1000, 750, 90000, now(), 'anybody', NULL FROM numbers
