"""Everything that `icecube up` starts to run on one machine."""
