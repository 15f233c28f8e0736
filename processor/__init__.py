"""Turns originals into variants: the Faust application, the image engine and its processes."""
