"""Files as they are received and checked."""
