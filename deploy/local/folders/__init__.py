"""Folders and files of this machine: locked, in RAM, replaced in one step."""
