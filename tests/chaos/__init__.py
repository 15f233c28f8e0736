"""Attacks a whole Icecube with faults while clients use it, and counts what was lost: `python -m tests.chaos`."""
