"""Flags that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option("--config", "-config", "-c", help="JSON file; the environment has priority.", metavar="FILE"),
]
DataDir = Annotated[
    str | None,  # not Path, which reads an empty name as the current folder
    typer.Option(
        "--data-dir", "-data-dir", help="Folder of all data.  [default: ./data]", show_default=False, metavar="FOLDER"
    ),
]
DataDirOfUp = Annotated[
    str | None,
    typer.Option(
        "--data-dir",
        "-data-dir",
        help="Data folder of the `icecube up` to work beside.  [default: ./data]",
        show_default=False,
        metavar="FOLDER",
    ),
]
