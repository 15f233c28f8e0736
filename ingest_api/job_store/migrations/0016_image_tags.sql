-- What clients call their images by. Null: none, as of a release that knew no tags, which also writes none.

ALTER TABLE images ADD COLUMN tags jsonb; -- name -> value

-- A list by a tag reads its own rows only, newest first, whatever else there is.
CREATE TABLE image_tags (
    tag   text NOT NULL, -- name:value
    id    uuid NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    owner text, -- the image's
    PRIMARY KEY (tag, id)
);

CREATE INDEX image_tags_by_image ON image_tags (id); -- for the deletion of images
-- Where there are no keys everything is anybody's, and the primary key serves.
CREATE INDEX image_tags_by_owner ON image_tags (owner, tag, id) WHERE owner <> 'anybody';
