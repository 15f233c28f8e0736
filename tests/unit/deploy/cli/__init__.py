"""Unit tests of `deploy.cli`."""
