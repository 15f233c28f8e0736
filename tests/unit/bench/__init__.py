"""The arithmetic and the tools of the benches, which never run in tests themselves."""
