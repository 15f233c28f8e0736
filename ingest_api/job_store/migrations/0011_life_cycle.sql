-- Jobs end in one more way, tell when they started and how often they changed; what ended without its variants is cleaned up.

-- The release before writes none of these columns, and treats a cancelled job as one that has ended.
ALTER TABLE jobs
    ADD COLUMN started_at timestamptz, -- of the first start
    ADD COLUMN sequence   integer NOT NULL DEFAULT 0, -- of the last change
    ADD COLUMN task_ends  jsonb   NOT NULL DEFAULT '{}', -- task id -> how the task ended, while its job may not have
    ADD COLUMN retry_of   uuid; -- the job whose tasks it repeats

-- NOT VALID: the table is not read while everybody waits; the next migration reads it.
ALTER TABLE jobs
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check
        CHECK (state IN ('pending', 'processing', 'completed', 'failed', 'cancelled')) NOT VALID,
    DROP CONSTRAINT ended_jobs_have_a_time,
    ADD CONSTRAINT ended_jobs_have_a_time
        CHECK ((state IN ('completed', 'failed', 'cancelled')) = (ended_at IS NOT NULL)) NOT VALID;

CREATE TABLE cleanings (
    what     text        NOT NULL CHECK (what <> ''), -- whose bytes are to go, such as job
    id       uuid        NOT NULL, -- of the job or the image
    phase    text        NOT NULL CHECK (phase <> ''), -- the step to do next
    due_at   timestamptz NOT NULL, -- of that step
    attempts integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- at that step
    PRIMARY KEY (what, id)
) WITH (fillfactor = 80);

CREATE INDEX due_cleanings ON cleanings (due_at);
