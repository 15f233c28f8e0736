"""The encoders, one module for each format: a finished picture in, a file's bytes out."""
