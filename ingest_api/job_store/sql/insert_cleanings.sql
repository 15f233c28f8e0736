-- Add cleanings that are due now; one that is there begins again.
-- $1 what, $2 ids, $3 first phases
INSERT INTO cleanings (what, id, phase, due_at)
SELECT what, id, phase, now() FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (what, id, phase)
ORDER BY what, id
ON CONFLICT (what, id) DO UPDATE SET phase = excluded.phase, due_at = excluded.due_at, attempts = 0
