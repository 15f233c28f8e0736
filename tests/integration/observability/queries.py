"""What PromQL expressions name: metrics and labels. Enough for our own; promtool checks the grammar."""

import re

_LABELLED = re.compile(r"\b(?:by|on|without)\s*\(([^)]*)\)|\{([^}]*)\}")
_NAME = re.compile(r"\b(?:icecube|process|python)_\w+")


def metrics_in(expression: str) -> set[str]:
    """Return the series that *expression* asks for."""
    return set(_NAME.findall(_without_strings(expression)))


def labels_in(expression: str) -> set[str]:
    """Return the labels that *expression* matches or groups by."""
    found = _LABELLED.findall(_without_strings(expression))
    return {re.split(r"[=!~]", each)[0].strip() for pair in found for part in pair for each in part.split(",")} - {""}


def _without_strings(expression: str) -> str:
    return re.sub(r'"[^"]*"', '""', expression)
