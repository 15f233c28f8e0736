-- Reusable variants: of the same bytes with the same options. A deleted one is offered to nobody.
-- $1 works
SELECT work, variant FROM reusable_variants WHERE work = ANY ($1::bytea[])
  AND NOT EXISTS (SELECT FROM images WHERE images.id = (variant #>> '{variant,id}')::uuid AND images.deleted_at IS NOT NULL)
