"""What is promised over HTTP, asked of a running API."""
