-- Forget a cleaning whose last step is done.
-- $1 what, $2 id, $3 the phase that is done
DELETE FROM cleanings WHERE what = $1 AND id = $2 AND phase = $3
