"""What becomes of accepted jobs and images: their ends, what is cleaned up then, and the messages that tell of it."""
