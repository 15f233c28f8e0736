"""The settings: what can be configured, where it is read from, and how mistakes are reported."""
