-- Reusable variants: of the same bytes with the same options.
-- $1 works
SELECT work, variant FROM reusable_variants WHERE work = ANY ($1::bytea[])
