"""Icecube as a user starts it."""
