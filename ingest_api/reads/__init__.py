"""The most frequent requests: reads of jobs, images and bytes, with their response caches."""
