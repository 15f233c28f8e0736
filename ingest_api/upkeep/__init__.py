"""What keeps the service in order: background tasks, readiness, clean-up, dead letters."""
