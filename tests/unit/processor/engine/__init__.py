"""The rules of the image engine."""
