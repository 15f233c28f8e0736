"""The structure of image files, read and changed without a decoder: boxes, chunks, segments and frames."""
