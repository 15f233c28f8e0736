-- Add images and their tags; existing ones stay as they are.
-- $1 ids, $2 original ids, $3 original names, $4 formats, $5 widths, $6 heights, $7 byte sizes, $8 creation times, $9 SHA-256s,
-- $10 owners, $11 sent names, $12 expiry times, $13 tags
WITH added AS (
    INSERT INTO images (id, original_id, original_name, format, width, height, byte_size, created_at, sha256, owner, sent_name,
                        expires_at, tags)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::bigint[], $8::timestamptz[],
                         $9::bytea[], $10::text[], $11::text[], $12::timestamptz[], $13::jsonb[])
    ON CONFLICT (id) DO NOTHING
    RETURNING id, owner, tags
)
INSERT INTO image_tags (tag, id, owner)
SELECT tag.key || ':' || tag.value, added.id, added.owner FROM added, jsonb_each_text(added.tags) AS tag
