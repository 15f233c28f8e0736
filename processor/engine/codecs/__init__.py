"""The codecs, one module for each format: how its files are read, and how a finished picture becomes one.

`registry.py` finds the module of a format by the format's wire name.
"""
