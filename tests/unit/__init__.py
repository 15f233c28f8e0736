"""Pure code and use cases, without any server."""
