"""The original's own pixels in fewer bytes, one module for each format: a file's bytes in, the same picture out.

Each `repacked(original, keep_metadata=…)` keeps what the pixels need to look right, such as the colour profile.
"""
