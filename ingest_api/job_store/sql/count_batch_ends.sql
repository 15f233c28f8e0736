-- Count ended jobs in their batches' rows; return the batches that have ended by that. Whoever makes a batch's counter 0 announces
-- it: others who end its jobs wait for the row, and find it counted. Batches are locked after jobs, in the order of their ids.
-- Keeps the protocol's rule "batch counter" (ARCHITECTURE.md).
-- $1 ids, $2 how many jobs of each, $3 the time
WITH locked AS (
    SELECT id FROM batches WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
), counted AS (
    UPDATE batches
    SET unfinished = unfinished - new.ended, ended_at = CASE WHEN unfinished = new.ended THEN $3::timestamptz END
    FROM locked JOIN unnest($1::uuid[], $2::int[]) AS new (id, ended) ON locked.id = new.id
    WHERE batches.id = locked.id AND batches.ended_at IS NULL
    RETURNING batches.id, unfinished
)
SELECT id FROM counted WHERE unfinished = 0
