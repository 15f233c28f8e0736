-- The blobs that go with a deleted image: its own, and what was made from it or may yet be stored by a job on it.
-- $1 image
WITH RECURSIVE family AS (
    SELECT $1::uuid AS id
    UNION
    SELECT made.id FROM family CROSS JOIN LATERAL (
        SELECT images.id FROM images WHERE images.original_id = family.id
        UNION ALL
        SELECT (task ->> 'variantId')::uuid FROM jobs, jsonb_array_elements(jobs.tasks) AS task WHERE jobs.original_id = family.id
    ) AS made
)
-- One by one: for NOT EXISTS the planner, which takes the family for large, would read all images.
SELECT id FROM family WHERE (SELECT images.deleted_at IS NULL FROM images WHERE images.id = family.id) IS NOT TRUE
