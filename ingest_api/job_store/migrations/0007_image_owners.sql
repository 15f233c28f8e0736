-- Whose images are. Null: nobody's, as of a release that knew no owners; only admin keys see these.

ALTER TABLE images ADD COLUMN owner text;

-- The release before writes no owners: a variant that it stores gets its original's. This release never runs it.
CREATE FUNCTION take_owner_of_original() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.owner := (SELECT owner FROM images WHERE id = NEW.original_id);
    RETURN NEW;
END
$$;

CREATE TRIGGER take_owner_of_original BEFORE INSERT ON images
    FOR EACH ROW WHEN (NEW.owner IS NULL AND NEW.original_id IS NOT NULL) EXECUTE FUNCTION take_owner_of_original();
