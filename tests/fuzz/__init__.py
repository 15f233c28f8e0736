"""Hostile files through the upload's header check and the image engine: `python -m tests.fuzz --seconds 60`."""
