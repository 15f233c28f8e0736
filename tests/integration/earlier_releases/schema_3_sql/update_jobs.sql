-- Write the states of locked jobs. The guard repeats ingest_api/jobs.py: nothing leaves a terminal state.
-- $1 ids, $2 states, $3 attempts, $4 starts, $5 codes, $6 reasons, $7 due times, $8 end times
UPDATE jobs
SET state = new.state, attempt = new.attempt, starts = new.starts, code = new.code, reason = new.reason,
    due_at = new.due_at, ended_at = new.ended_at
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
     AS new (id, state, attempt, starts, code, reason, due_at, ended_at)
WHERE jobs.id = new.id AND jobs.state IN ('pending', 'processing')
