"""What can be seen of a running Icecube: metrics, traces and logs."""
