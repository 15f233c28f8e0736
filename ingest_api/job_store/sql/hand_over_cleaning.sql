-- Hand the cleaning of a deleted variant over to its job's: Kafka may deliver the job's request again, and only a stop mark keeps
-- processors from making the variant again. An unfinished job cannot have its mark yet: look again later.
-- $1 variant, $2 how long after a job's end Kafka may deliver its request, $3 the time until the next look
WITH job AS (
    SELECT jobs.id, jobs.ended_at FROM images JOIN jobs ON jobs.original_id = images.original_id
    WHERE images.id = $1::uuid AND jobs.tasks @> jsonb_build_array(jsonb_build_object('variantId', $1::text))
), handed_over AS (
    INSERT INTO cleanings (what, id, phase, due_at)
    SELECT 'job', id, 'mark', now() FROM job WHERE ended_at > now() - $2::interval
    ON CONFLICT (what, id) DO UPDATE SET phase = excluded.phase, due_at = excluded.due_at, attempts = 0
), postponed AS (
    UPDATE cleanings SET due_at = now() + $3::interval, attempts = 0
    WHERE what = 'variant' AND id = $1 AND EXISTS (SELECT FROM job WHERE ended_at IS NULL)
)
DELETE FROM cleanings WHERE what = 'variant' AND id = $1 AND NOT EXISTS (SELECT FROM job WHERE ended_at IS NULL)
