-- Whose jobs are: a job belongs to the owner of its original.
-- Apart from the images' migration: whoever locks both tables would deadlock with results, which do so the other way round.

ALTER TABLE jobs ADD COLUMN owner text;

-- For the release before, as with images.
CREATE TRIGGER take_owner_of_original BEFORE INSERT ON jobs
    FOR EACH ROW WHEN (NEW.owner IS NULL) EXECUTE FUNCTION take_owner_of_original();
