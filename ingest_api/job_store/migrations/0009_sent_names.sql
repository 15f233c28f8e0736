-- What its uploader called the file, in any script. Null: of a release that kept the safe name only, or no name was sent.

ALTER TABLE images ADD COLUMN sent_name text;
