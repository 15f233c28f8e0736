-- Withdraw the offers to reuse images. Locked in the order of upsert_reusable, so that no two callers deadlock.
-- $1 ids
WITH withdrawn AS (
    SELECT work FROM reusable_variants WHERE (variant #>> '{variant,id}')::uuid = ANY ($1::uuid[])
    ORDER BY work
    FOR UPDATE
)
DELETE FROM reusable_variants USING withdrawn WHERE reusable_variants.work = withdrawn.work
