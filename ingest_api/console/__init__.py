"""The console: one page to try the API on. It uses only the public API."""
