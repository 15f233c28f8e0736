-- When images were deleted, and when they expire. A deleted image keeps its row, as jobs refer to it; nobody is shown it.

-- The release before writes neither column, and shows rows that are deleted; their bytes are gone for it too.
ALTER TABLE images
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN expires_at timestamptz; -- null: as long as the settings say
