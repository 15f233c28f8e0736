"""What starts and stops processes on one machine, with the real programs."""
