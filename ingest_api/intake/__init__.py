"""The use cases that take something in from a client."""
