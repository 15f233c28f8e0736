-- Delete the tags of images that are deleted, so that no list finds them by a tag.
-- $1 ids
DELETE FROM image_tags WHERE id = ANY ($1::uuid[])
