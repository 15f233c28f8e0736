"""Maintenance: background tasks, readiness, clean-up, dead letters."""
