"""Ends a command that cannot run, with a message on stderr and an exit status."""

from typing import NoReturn

import typer

EXIT_FAILED = 1
EXIT_REFUSED = 2


def give_up(message: str, status: int) -> NoReturn:
    """Print *message* and exit with *status*."""
    typer.echo(message, err=True)
    raise typer.Exit(status)
