-- Delete messages from the outbox that will never be sent.
-- $1 ids
DELETE FROM outbox WHERE id = ANY ($1::bigint[])
