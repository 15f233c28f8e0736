"""Starts child processes, restarts them, stops them in order, and leaves none behind."""
