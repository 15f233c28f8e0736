-- The constraints of migration 0011 hold for old rows too; this reads the table, and stops nobody from writing to it.

ALTER TABLE jobs VALIDATE CONSTRAINT jobs_state_check, VALIDATE CONSTRAINT ended_jobs_have_a_time;
