-- Note that a batch is deleted, unless it is already.
-- $1 id, $2 the time
UPDATE batches SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL
