"""Servers that tests talk to, one of each a session: pytest plugins."""
