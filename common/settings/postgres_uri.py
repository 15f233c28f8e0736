"""Completes PostgreSQL connection URIs, and masks them for display."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

_PASSWORD_OPTION = re.compile(r"\b(password|sslpassword)=[^&]*")


def complete_uri(uri: str, *, user: str = "", password: str = "", database: str = "") -> str:
    """Return *uri* with user, password and database filled in where it has none."""
    parts = urlsplit(uri)
    credentials, _, host = parts.netloc.rpartition("@")
    own_user, _, own_password = credentials.partition(":")
    user = own_user or quote(user, safe="")
    password = own_password or quote(password, safe="")
    login = f"{user}:{password}" if password else user
    netloc = f"{login}@{host}" if login else host
    path = parts.path if parts.path.strip("/") else f"/{quote(database, safe='')}"
    return urlunsplit((parts.scheme, netloc, path, parts.query, parts.fragment))


def mask_uri(uri: str) -> str:
    """Return *uri* with its passwords, before the host or among the options, replaced by stars."""
    parts = urlsplit(uri)
    credentials, at, host = parts.netloc.rpartition("@")
    user, colon, _ = credentials.partition(":")
    netloc = f"{user}:***@{host}" if colon else f"{credentials}{at}{host}"
    query = _PASSWORD_OPTION.sub(r"\1=***", parts.query)
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))
