"""The rules of every port, run on every adapter."""
