"""`icecube convert`: the image engine for files on this machine, without any service."""
