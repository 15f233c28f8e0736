-- Take due cleanings that nobody else takes, the longest due first; they are due again after a lease.
-- Its commit waits for no disk: a step that a crash of the database forgets is done again.
-- $1 how many at most, $2 the lease, $3 and $4 what and which phases this release knows
WITH due AS (
    SELECT what, id FROM cleanings
    WHERE due_at <= now() AND what = ANY ($3::text[]) AND phase = ANY ($4::text[])
    ORDER BY due_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE cleanings SET due_at = now() + $2, attempts = attempts + 1
FROM due, (SELECT set_config('synchronous_commit', 'off', true)) AS quick
WHERE cleanings.what = due.what AND cleanings.id = due.id
RETURNING cleanings.what, cleanings.id, cleanings.phase
