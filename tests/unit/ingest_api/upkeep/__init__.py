"""Background tasks and readiness."""
