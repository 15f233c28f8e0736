"""How Icecube is started, and what is generated from it."""
