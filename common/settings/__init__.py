"""What can be configured, where it is read from, and how mistakes are told."""
