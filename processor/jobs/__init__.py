"""What a processor does for one job: fetch, make, store, report."""
