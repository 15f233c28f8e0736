"""The rules of the processor."""
