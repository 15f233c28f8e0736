"""The `icecube` command: the commands of production, and `icecube up` for one machine."""
