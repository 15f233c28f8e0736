"""What is asked for most: jobs, images and their bytes, found and answered from caches."""
