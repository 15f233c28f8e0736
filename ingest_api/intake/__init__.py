"""The use cases that accept uploads and jobs from clients."""
