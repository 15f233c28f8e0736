-- Remember variants under their reuse keys; the newest replaces an older one, whose engine or bytes may be gone.
-- $1 works, none twice, $2 variants
INSERT INTO reusable_variants (work, variant)
SELECT * FROM unnest($1::bytea[], $2::jsonb[]) AS new (work, variant) ORDER BY work
ON CONFLICT (work) DO UPDATE SET variant = excluded.variant
