-- Note that a step of a cleaning is done, unless somebody else has noted it.
-- Its commit waits for no disk: a step that a crash of the database forgets is done again.
-- $1 what, $2 id, $3 the phase that is done, $4 the next one, $5 the time until it is due
UPDATE cleanings SET phase = $4, due_at = now() + $5, attempts = 0
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS quick
WHERE what = $1 AND id = $2 AND phase = $3
