-- The ids of jobs with tags, newest first. Planned for its arguments; a null filter filters nothing.
-- $1 the id to continue before, $2 owner, $3 original, $4 state, $5 whether that state is one of unfinished jobs, $6 code,
-- $7 how many at most, $8 batch, $9 one of the tags as name:value, $10 all tags
SELECT jobs.id FROM job_tags JOIN jobs ON jobs.id = job_tags.id
WHERE tag = $9 AND tags @> $10::jsonb
  AND ($1::uuid IS NULL OR job_tags.id < $1 AND jobs.id < $1) -- both, as either may be read first
  AND ($2::text IS NULL OR job_tags.owner = $2)
  AND ($3::uuid IS NULL OR original_id = $3)
  AND ($4::text IS NULL OR state = $4)
  AND ($5::boolean IS NOT TRUE OR ended_at IS NULL)
  AND ($6::text IS NULL OR code = $6)
  AND ($8::uuid IS NULL OR batch_id = $8)
ORDER BY job_tags.id DESC
LIMIT $7
