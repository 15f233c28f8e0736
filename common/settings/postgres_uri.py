"""PostgreSQL connection URIs: filled in from their parts, and masked for display."""

from urllib.parse import quote, unquote, urlsplit, urlunsplit


def completed_uri(uri: str, *, user: str = "", password: str = "", database: str = "") -> str:
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


def masked_uri(uri: str) -> str:
    """Return *uri* with its password replaced by stars."""
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    credentials, _, host = parts.netloc.rpartition("@")
    user = unquote(credentials.partition(":")[0])
    return urlunsplit((parts.scheme, f"{quote(user, safe='')}:***@{host}", parts.path, parts.query, parts.fragment))
