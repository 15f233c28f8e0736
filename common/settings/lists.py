"""Settings that hold several values, separated by commas."""

from typing import Any

from pydantic import SecretStr

_SHORTEST_KEY = 32


def refuse_short_keys(keys: SecretStr) -> SecretStr:
    """Return *keys*; raise `ValueError` for one that could be guessed."""
    if any(len(key) < _SHORTEST_KEY for key in entries_of(keys.get_secret_value())):
        message = f"each key must have at least {_SHORTEST_KEY} characters; `openssl rand -hex 32` makes one"
        raise ValueError(message)
    return keys


def entries_of(value: Any) -> Any:
    """Return the entries of a text, trimmed and without empty ones; what is no text stays as it is."""
    return [entry.strip() for entry in value.split(",") if entry.strip()] if isinstance(value, str) else value
