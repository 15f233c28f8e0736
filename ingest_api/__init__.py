"""Accepts images and jobs over HTTP, and owns the truth about them."""
