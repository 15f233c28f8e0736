"""The rules of jobs as plain values: no I/O, no clock, no library."""
