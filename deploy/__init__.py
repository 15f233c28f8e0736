"""How Icecube is started: on this machine, in containers, on Kubernetes."""
