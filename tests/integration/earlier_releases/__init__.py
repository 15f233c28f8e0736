"""What earlier releases stored, read by this one, and their statements on this one's schema.

`schema_3_sql` holds the statements of the release whose last migration is 3, as it runs them during an upgrade;
`schema_3_rows.sql` holds rows as it wrote them. Both stay as they are.
"""
