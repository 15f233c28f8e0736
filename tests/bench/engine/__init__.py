"""The image engine against the tools that people use otherwise: `python -m tests.bench.engine`."""
