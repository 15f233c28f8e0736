"""The rules of `icecube convert`."""
