"""The contract between the services."""
