"""What becomes of jobs and images after they were accepted, on a real PostgreSQL."""
