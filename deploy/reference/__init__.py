"""Generates the reference from the code: `python -m deploy.reference`. A test fails when it is stale."""
