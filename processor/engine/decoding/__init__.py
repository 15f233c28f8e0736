"""From an original's bytes to pixels: its header read, decoded as small as its variants allow, frames put together."""
