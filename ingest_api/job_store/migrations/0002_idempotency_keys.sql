-- Keys under which clients may ask again without asking twice.

CREATE TABLE idempotency_keys (
    operation   text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL, -- SHA-256 of what was asked
    ids         uuid[]      NOT NULL, -- of what was made: the answer can be given again from these
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (operation, key)
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
