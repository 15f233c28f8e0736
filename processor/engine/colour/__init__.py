"""The colours that a file says its numbers are, where no ICC profile says it."""
