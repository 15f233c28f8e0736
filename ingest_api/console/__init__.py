"""The console: one page on which a person tries the API. It uses what the API promises and nothing else."""
