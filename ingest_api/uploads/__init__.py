"""Files that are sent to us: received, named, and checked by their headers before anything is stored."""
