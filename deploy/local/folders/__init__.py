"""Locks folders, makes them in RAM, and replaces files in one step."""
