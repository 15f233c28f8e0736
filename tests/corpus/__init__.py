"""Runs a folder of pictures through the upload check and the engine, and compares with reference pictures."""
