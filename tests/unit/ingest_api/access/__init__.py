"""Tests of API keys and rate limits."""
