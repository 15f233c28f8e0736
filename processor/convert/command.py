"""The command line of `icecube convert`; imports nothing slow before it is sure that there is work."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from common.formats import OUTPUT_FORMATS, enumerate_formats
from processor.convert import variant_flags
from processor.convert.interruption import Interruption, without_hangup

Files = Annotated[
    list[str] | None, typer.Argument(help="Pictures, folders of them, or - for standard input.", show_default=False)
]
Input = Annotated[list[str] | None, typer.Option("--input", "-input", "-i", help="The same, by name.")]
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
    str | None,
    typer.Option(
        "--output",
        "-output",
        "-o",
        help="A file, which is replaced; a folder, named with a slash at its end where it is new; - for standard "
        "output. Absent: beside the input.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", "-overwrite", help="Replace results that exist under their default names.")
]
SkipExisting = Annotated[
    bool, typer.Option("--skip-existing", "-skip-existing", help="Pass over inputs whose results exist.")
]
Json = Annotated[
    bool, typer.Option("--json", "-json", help="Print one JSON object instead of text, also for what goes wrong.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-config", "-c", help="JSON file; limits.* are taken from it and the environment.", metavar="FILE"
    ),
]

_SWITCH = re.compile(r"--?(?P<name>keep-metadata|enlarge|grayscale|overwrite|skip-existing|json)=(?P<value>.*)")
_VALUES = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


class ConvertCommand(TyperCommand):
    """The command, with the familiar `-keep-metadata=false`, and every error as JSON with --json."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse *args*; with --json among them, report mistakes as JSON."""
        wants_json = bool({"--json", "-json"} & set(args))
        try:
            return super().make_context(info_name, _with_switches(args), parent, **extra)
        except typer.TyperException as exc:
            if not wants_json:
                raise
            _tell(exc.format_message(), as_json=True)
            raise typer.Exit(exc.exit_code) from exc


def convert(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    files: Files = None,
    input_files: Input = None,
    image_format: Format = None,
    max_dimension: MaxDimension = 0,
    quality: Quality = 80,
    keep_metadata: KeepMetadata = False,  # noqa: FBT002 - typer passes by name
    width: variant_flags.Width = None,
    height: variant_flags.Height = None,
    aspect_ratio: variant_flags.AspectRatio = None,
    fit: variant_flags.Fit = None,
    enlarge: variant_flags.Enlarge = False,  # noqa: FBT002 - typer passes by name
    focus: variant_flags.Focus = None,
    crop: variant_flags.Crop = None,
    trim: variant_flags.Trim = None,
    rotate: variant_flags.Rotate = None,
    flip: variant_flags.Flip = None,
    background: variant_flags.Background = None,
    padding: variant_flags.Padding = None,
    grayscale: variant_flags.Grayscale = False,  # noqa: FBT002 - typer passes by name
    blur: variant_flags.Blur = None,
    sharpen: variant_flags.Sharpen = None,
    output: Output = None,
    overwrite: Overwrite = False,  # noqa: FBT002 - typer passes by name
    skip_existing: SkipExisting = False,  # noqa: FBT002 - typer passes by name
    as_json: Json = False,  # noqa: FBT002 - typer passes by name
    config: Config = None,
) -> None:
    """Convert, shrink and optimise pictures on this machine.

    Inputs are never overwritten. An existing file of a result's default name is left alone and reported.
    Exit status: 0 when all is done, 1 when anything failed, 2 for flags that do not exist.
    """
    from processor.engine.tested_libvips import (  # noqa: PLC0415 - see module
        UntestedLibvipsError,
        require_tested_libvips,
    )
    from processor.fork_server import fork_server  # noqa: PLC0415 - see module

    try:
        require_tested_libvips()
    except UntestedLibvipsError as exc:
        _tell(f"icecube convert: {exc}", as_json=as_json)
        raise typer.Exit(1) from exc
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a text file, in a process of ours
    with Interruption() as interruption:  # from here on, there are files to remove
        with without_hangup():
            fork_server()  # imports libvips in its process while this one imports what follows
        from processor.convert.invocation import Invocation, run  # noqa: PLC0415 - see module

        asked = Invocation(
            arguments=[*(files or []), *(input_files or [])],
            image_format=image_format,
            flags={
                "max_dimension": max_dimension,
                "quality": quality,
                "keep_metadata": keep_metadata,
                "width": width,
                "height": height,
                "aspect_ratio": aspect_ratio,
                "fit": fit,
                "enlarge": enlarge,
                "focus": focus,
                "crop": crop,
                "trim": trim,
                "rotate": rotate,
                "flip": flip,
                "background": background,
                "padding": padding,
                "grayscale": grayscale,
                "blur": blur,
                "sharpen": sharpen,
            },
            output=output,
            overwrite=overwrite,
            skip_existing=skip_existing,
            as_json=as_json,
            config=config,
        )
        status = run(asked, interruption)
    raise typer.Exit(status)


def _with_switches(args: list[str]) -> list[str]:
    """Return *args* with `-switch=true` as the switch; `-switch=false` removes it, and earlier ones too."""
    rewritten: list[str] = []
    for position, argument in enumerate(args):
        if argument == "--":
            return rewritten + args[position:]
        found = _SWITCH.fullmatch(argument)
        value = _VALUES.get(found["value"].lower()) if found else None
        if found is None or value is None:
            rewritten.append(argument)
        elif value:
            rewritten.append(f"--{found['name']}")
        else:
            rewritten = [word for word in rewritten if word.lstrip("-") != found["name"]]
    return rewritten


def _tell(error: str, *, as_json: bool) -> None:
    typer.echo(json.dumps({"files": [], "error": error}) if as_json else error, err=not as_json)
