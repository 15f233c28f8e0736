"""API keys and rate limits: who may do what, and how often."""
