"""The whole service against limits measured beside it: `python -m tests.bench.service`, or `make bench`."""
