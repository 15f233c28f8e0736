"""Models of the protocol, checked in all of their states: see README.md beside this."""
