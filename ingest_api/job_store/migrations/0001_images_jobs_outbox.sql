-- Images, jobs and the outbox.

CREATE TABLE images (
    id            uuid        PRIMARY KEY,
    original_id   uuid        REFERENCES images (id), -- the original a variant was made from
    original_name text        NOT NULL CHECK (original_name ~ '^[A-Za-z0-9._-]{1,128}$'),
    format        text        NOT NULL CHECK (format <> ''),
    width         integer     NOT NULL CHECK (width > 0),
    height        integer     NOT NULL CHECK (height > 0),
    byte_size     bigint      NOT NULL CHECK (byte_size > 0),
    created_at    timestamptz NOT NULL
);

CREATE TABLE jobs (
    id                uuid        PRIMARY KEY,
    original_id       uuid        NOT NULL REFERENCES images (id),
    state             text        NOT NULL CHECK (state IN ('pending', 'processing', 'completed', 'failed')),
    tasks             jsonb       NOT NULL CHECK (jsonb_typeof(tasks) = 'array'), -- as in the JobRequested event
    attempt           integer     NOT NULL CHECK (attempt >= 1),
    starts            integer     NOT NULL CHECK (starts >= 0), -- of this attempt
    code              text,
    reason            text,
    due_at            timestamptz, -- of an attempt that waits
    created_at        timestamptz NOT NULL,
    ended_at          timestamptz,
    -- where the newest request stands in Kafka; the reconciler's evidence
    published_partition integer,
    published_offset    bigint,
    published_at        timestamptz,
    CONSTRAINT ended_jobs_have_a_time CHECK ((state IN ('completed', 'failed')) = (ended_at IS NOT NULL)),
    CONSTRAINT failed_jobs_have_a_reason CHECK ((state = 'failed') = (reason IS NOT NULL AND code IS NOT NULL))
) WITH (fillfactor = 80); -- room for a job's few updates on its own page

CREATE INDEX unfinished_jobs ON jobs (published_at) WHERE state IN ('pending', 'processing');

CREATE TABLE outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text        NOT NULL,
    key        bytea,
    value      bytea,
    headers    jsonb       NOT NULL,
    due_at     timestamptz NOT NULL,
    request_of uuid        REFERENCES jobs (id) -- the job whose place in Kafka is to be remembered
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000); -- a queue: all of it is garbage soon

CREATE INDEX due_messages ON outbox (due_at, id);
