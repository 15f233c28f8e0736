-- concurrently
-- What is to be deleted, found without reading what stays: images by their expiry and by their age, offers by their variant.

DROP INDEX CONCURRENTLY IF EXISTS images_by_expiry; -- one that a broken off migration left half built
CREATE INDEX CONCURRENTLY images_by_expiry ON images (expires_at) WHERE expires_at IS NOT NULL AND deleted_at IS NULL;
-- Originals and variants are kept for different times.
DROP INDEX CONCURRENTLY IF EXISTS images_by_age;
CREATE INDEX CONCURRENTLY images_by_age ON images ((original_id IS NULL), created_at) WHERE deleted_at IS NULL;
-- Rows of deleted images go when nothing refers to them any more.
DROP INDEX CONCURRENTLY IF EXISTS deleted_images;
CREATE INDEX CONCURRENTLY deleted_images ON images (deleted_at) WHERE deleted_at IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS reusable_variants_by_image;
CREATE INDEX CONCURRENTLY reusable_variants_by_image ON reusable_variants (((variant #>> '{variant,id}')::uuid));
