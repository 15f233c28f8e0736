"""Whether deleting what is old slows down the intake of jobs."""
