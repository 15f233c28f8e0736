-- Note that a step of a cleaning is done, unless somebody else has noted it.
-- $1 what, $2 id, $3 the phase that is done, $4 the next one, $5 the time until it is due
UPDATE cleanings SET phase = $4, due_at = now() + $5, attempts = 0
WHERE what = $1 AND id = $2 AND phase = $3
