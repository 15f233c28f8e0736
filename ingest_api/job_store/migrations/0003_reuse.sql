-- What was made of what, so that the same work is not done twice.

ALTER TABLE images ADD COLUMN sha256 bytea; -- of an original's bytes

CREATE TABLE reusable_variants (
    work    bytea PRIMARY KEY, -- SHA-256 of an original's bytes and of what was asked; see ingest_api/reuse.py
    variant jsonb NOT NULL     -- the newest one made of it, as in the JobRequested event
);
