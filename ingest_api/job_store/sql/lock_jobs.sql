-- Lock jobs until the end of the transaction, always in the order of their ids, so that no two callers deadlock.
-- $1 ids
SELECT id FROM jobs WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
