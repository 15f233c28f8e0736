"""The `icecube` command: what production runs, and the door to what runs on one machine."""
