"""The `icecube` command, and everything that `icecube up` runs on one machine."""
