"""The API's parts, without a server."""
