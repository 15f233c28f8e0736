"""The work on one job: fetch, make, store, report."""
