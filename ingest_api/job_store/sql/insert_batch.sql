-- Add a batch, none of whose jobs has ended.
-- $1 id, $2 owner, $3 tags, $4 how many jobs, $5 creation time
INSERT INTO batches (id, owner, tags, total, unfinished, created_at) VALUES ($1, $2, $3, $4, $4, $5)
