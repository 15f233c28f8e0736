"""Valid things for tests to start from."""
