"""What the next release sends and stores, met by this one, as at every rolling upgrade and rollback."""
