"""Checks whether one of our processes is ready; imports only the standard library."""

import http.client


def answers_ready(host: str, port: int, *, patience_seconds: float) -> bool:
    """Return whether the API, or with its own port a processor, answers /readyz with 200 in time."""
    connection = http.client.HTTPConnection(host, port, timeout=patience_seconds)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
