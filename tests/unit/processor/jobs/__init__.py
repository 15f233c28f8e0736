"""What a processor does for one job."""
