-- Tags, priorities and batches of jobs. Apart from the images' migration: see migration 0008.

-- The release before writes none of these columns.
ALTER TABLE jobs
    ADD COLUMN tags            jsonb, -- name -> value; null: none
    ADD COLUMN priority        text,  -- null: interactive
    ADD COLUMN published_topic text,  -- of published_offset; null: unknown, as the release before writes none
    ADD COLUMN batch_id        uuid;  -- written in the transaction that adds the batch; no foreign key has to be looked at

-- The release before does not know the topic of the request that it sends: what was known of an earlier one is forgotten when
-- a request is added. This release does so itself.
CREATE FUNCTION forget_published_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.published_topic := NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER forget_published_topic BEFORE UPDATE OF published_at ON jobs
    FOR EACH ROW WHEN (NEW.published_at IS NULL AND NEW.published_topic IS NOT NULL) EXECUTE FUNCTION forget_published_topic();

CREATE TABLE job_tags ( -- like image_tags
    tag   text NOT NULL,
    id    uuid NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    owner text,
    PRIMARY KEY (tag, id)
);

CREATE INDEX job_tags_by_job ON job_tags (id);
CREATE INDEX job_tags_by_owner ON job_tags (owner, tag, id) WHERE owner <> 'anybody';

CREATE TABLE batches (
    id         uuid        PRIMARY KEY,
    owner      text        NOT NULL,
    tags       jsonb,
    total      integer     NOT NULL CHECK (total > 0),
    unfinished integer     NOT NULL CHECK (unfinished BETWEEN 0 AND total), -- whoever makes it 0 announces the end
    counts     jsonb,       -- state -> jobs, as it ended
    created_at timestamptz NOT NULL,
    ended_at   timestamptz,
    deleted_at timestamptz, -- when its deletion was asked for
    CONSTRAINT ended_batches_are_finished CHECK ((unfinished = 0) = (ended_at IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX open_batches ON batches (id) WHERE ended_at IS NULL;
