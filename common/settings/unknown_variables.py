"""Finds environment variables that look like settings but are not: mistyped, or of another release."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from common.settings.loading import variables

_PREFIX = "ICECUBE_"
_NO_SETTINGS = frozenset(
    [
        "ICECUBE_LIFELINE_FD",  # between `icecube up` and its children
        "ICECUBE_READY_FILE",
        "ICECUBE_IMAGE",  # of the compose file
        "ICECUBE_PUBLISH_ADDRESS",
    ]
)
_FOR_TESTS = "ICECUBE_TEST_"
_SERVICE_LINK = re.compile(r".*(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP)(_\w+)?)")
"""Variables that Kubernetes sets in every pod for a Service whose name begins with icecube."""


def unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for every variable that looks like a setting but is not; suggest the one that may be meant."""
    known = [name for _, _, name in variables() if name.startswith(_PREFIX)]
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in known and not _is_anothers(name, environment[name]):
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            hint = f"did you mean {close[0]}?" if close else "it is ignored"
            yield f"{name} is no setting; {hint}"


def _is_anothers(name: str, value: str) -> bool:
    is_link = _SERVICE_LINK.fullmatch(name) or value.startswith(("tcp://", "udp://"))
    return name in _NO_SETTINGS or name.startswith(_FOR_TESTS) or bool(is_link)
