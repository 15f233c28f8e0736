"""Jobs, images and their bytes, answered."""
