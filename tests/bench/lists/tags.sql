-- What finds images, or jobs, by their tags.
INSERT INTO {item}_tags (tag, id, owner)
SELECT tag.key || ':' || tag.value, id, owner FROM {item}s, jsonb_each_text(tags) AS tag
