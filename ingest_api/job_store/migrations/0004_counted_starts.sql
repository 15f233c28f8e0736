-- Starts are counted once, though Kafka may deliver them again.

ALTER TABLE jobs ADD COLUMN counted_starts uuid[] NOT NULL DEFAULT '{}'; -- of this attempt; the release before counts on without
