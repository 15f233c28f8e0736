-- How long the variants of a job are kept.
-- Apart from the images' migration, as with owners: whoever locks both tables would deadlock with results.

ALTER TABLE jobs ADD COLUMN variants_expire_seconds integer; -- null: as long as the settings say

-- The release before stores variants without their expiry: they get it with the end of their job. This release has set it by then.
CREATE FUNCTION let_variants_expire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE images SET expires_at = NEW.ended_at + make_interval(secs => NEW.variants_expire_seconds)
    WHERE expires_at IS NULL
      AND id IN (SELECT (task ->> 'variantId')::uuid FROM jsonb_array_elements(NEW.tasks) AS task);
    RETURN NULL;
END
$$;

CREATE TRIGGER let_variants_expire AFTER UPDATE OF ended_at ON jobs
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL AND NEW.variants_expire_seconds IS NOT NULL)
    EXECUTE FUNCTION let_variants_expire();
