"""The embedded PostgreSQL: its programs, its folders, its account, its process."""
