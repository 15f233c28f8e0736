-- Lock images, in the order of their ids. Results add variants meanwhile: their foreign keys do not wait for this lock.
-- $1 ids
SELECT id FROM images WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
