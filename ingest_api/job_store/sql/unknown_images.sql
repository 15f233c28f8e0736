-- Those of some ids that neither an image that is not deleted nor a task of an unfinished job has.
-- $1 ids
SELECT blob.id FROM unnest($1::uuid[]) AS blob (id)
WHERE NOT EXISTS (SELECT FROM images WHERE images.id = blob.id AND images.deleted_at IS NULL)
  AND NOT EXISTS (SELECT FROM jobs WHERE jobs.ended_at IS NULL
                  AND jobs.tasks @> jsonb_build_array(jsonb_build_object('variantId', blob.id::text)))
