"""The command line of `icecube convert`; imports nothing slow until it is clear that there is work."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from common.formats import OUTPUT_FORMATS, enumerate_formats

Files = Annotated[list[Path] | None, typer.Argument(help="Pictures, or folders of them.", show_default=False)]
Input = Annotated[list[Path] | None, typer.Option("--input", "-input", "-i", help="The same, by name.")]
Format = Annotated[
    str | None,
    typer.Option("--format", "-format", "-f", help=f"{enumerate_formats(OUTPUT_FORMATS)}; absent: the original's."),
]
MaxDimension = Annotated[
    int,
    typer.Option("--max-dimension", "-max-dimension", "-d", help="The longer side in pixels at most; 0: as it is."),
]
Quality = Annotated[int, typer.Option("--quality", "-quality", "-q", help="1 to 100, 100 is the best and largest.")]
KeepMetadata = Annotated[
    bool,
    typer.Option("--keep-metadata", "-keep-metadata", "-m", help="Keep EXIF, XMP, IPTC and the colour profile."),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-output", "-o", help="A file, or a folder; absent: beside the input."),
]
Json = Annotated[bool, typer.Option("--json", "-json", help="Print one JSON object instead of text.")]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-config", help="JSON file; limits.* are taken from it and the environment.", metavar="FILE"
    ),
]


def convert(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    files: Files = None,
    input_files: Input = None,
    image_format: Format = None,
    max_dimension: MaxDimension = 0,
    quality: Quality = 80,
    keep_metadata: KeepMetadata = False,  # noqa: FBT002 - typer passes by name
    output: Output = None,
    as_json: Json = False,  # noqa: FBT002 - typer passes by name
    config: Config = None,
) -> None:
    """Convert, shrink and optimise pictures on this machine."""
    from processor.engine.tested_libvips import (  # noqa: PLC0415 - see module
        UntestedLibvipsError,
        require_tested_libvips,
    )
    from processor.fork_server import fork_server  # noqa: PLC0415 - see module

    try:
        require_tested_libvips()
    except UntestedLibvipsError as exc:
        _give_up(f"icecube convert: {exc}")
    fork_server()  # imports libvips in its process while this one imports what follows
    from processor.convert.conversions import ConversionError, format_named_by, plan  # noqa: PLC0415 - see module
    from processor.convert.limits import configured_limits  # noqa: PLC0415 - see module
    from processor.convert.options import checked_options  # noqa: PLC0415 - see module
    from processor.convert.session import run_and_report  # noqa: PLC0415 - see module

    try:
        limits = configured_limits(config)
        conversions = plan([*(files or []), *(input_files or [])], output)
        options = checked_options(image_format or format_named_by(output), max_dimension, quality, keep_metadata)
    except ConversionError as exc:
        _give_up(str(exc))
    if not run_and_report(conversions, options, as_json=as_json, limits=limits):
        raise typer.Exit(1)


def _give_up(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(1)
