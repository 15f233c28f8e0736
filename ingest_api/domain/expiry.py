"""How long a request may ask for images to be kept."""

LONGEST_EXPIRY_SECONDS = 100 * 366 * 86_400
"""A century: any number of seconds up to it makes a time that Python and PostgreSQL can hold."""
