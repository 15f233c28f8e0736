"""The console in a real browser, against a running Icecube."""
