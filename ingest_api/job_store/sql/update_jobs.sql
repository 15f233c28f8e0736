-- Write the states of locked jobs. The guard repeats ingest_api/domain/job.py: no job leaves a terminal state.
-- Keeps the protocol's rules "first end wins" and "a task's first end wins" (ARCHITECTURE.md).
-- $1 ids, $2 states, $3 attempts, $4 starts, $5 counted starts as array literals, $6 codes, $7 reasons, $8 due times, $9 end times,
-- $10 times of the first start, $11 sequences, $12 ends of tasks
UPDATE jobs
SET state = new.state, attempt = new.attempt, starts = new.starts, counted_starts = new.counted_starts::uuid[],
    code = new.code, reason = new.reason, due_at = new.due_at, ended_at = new.ended_at,
    started_at = new.started_at, sequence = new.sequence,
    task_ends = new.task_ends || jobs.task_ends -- the first end of a task wins
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],
            $10::timestamptz[], $11::int[], $12::jsonb[])
     AS new (id, state, attempt, starts, counted_starts, code, reason, due_at, ended_at, started_at, sequence,
             task_ends)
WHERE jobs.id = new.id AND jobs.ended_at IS NULL
