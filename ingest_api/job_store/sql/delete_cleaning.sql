-- Forget a cleaning whose last step is done.
-- Its commit waits for no disk: a step that a crash of the database forgets is done again.
-- $1 what, $2 id, $3 the phase that is done
DELETE FROM cleanings USING (SELECT set_config('synchronous_commit', 'off', true)) AS quick
WHERE what = $1 AND id = $2 AND phase = $3
