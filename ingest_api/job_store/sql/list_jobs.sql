-- The ids of jobs, newest first. Planned for its arguments; a null filter filters nothing.
-- $1 the id to continue before, $2 owner, $3 original, $4 state, $5 whether that state is one of unfinished jobs, $6 code,
-- $7 how many at most, $8 batch
SELECT id FROM jobs
WHERE ($1::uuid IS NULL OR id < $1)
  AND ($2::text IS NULL OR owner = $2)
  AND ($3::uuid IS NULL OR original_id = $3)
  AND ($4::text IS NULL OR state = $4)
  AND ($5::boolean IS NOT TRUE OR ended_at IS NULL) -- so that their own index may be used
  AND ($6::text IS NULL OR code = $6)
  AND ($8::uuid IS NULL OR batch_id = $8)
  AND ($2::text IS NOT NULL OR $4::text IS DISTINCT FROM 'failed' OR code IS NOT NULL) -- and that of everybody's failed jobs
ORDER BY id DESC
LIMIT $7
