"""What starts and stops processes on one machine, without starting any of ours."""
