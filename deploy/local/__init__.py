"""Everything that `icecube up` brings along to run on one machine."""
