"""The classic tool chain: ImageMagick resizes and converts, then each format's own tool packs, all through files."""

import shutil
import subprocess
from pathlib import Path

TOOLS = ("convert", "jpegoptim", "pngquant", "cwebp")


def missing_tools() -> list[str]:
    """Return which of the tools are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def make(original: Path, output: Path, image_format: str, side: int, quality: int) -> None:
    """Write the variant as scripts with these tools do it."""
    resize = [_imagemagick(), original, "-auto-orient", "-resize", f"{side}x{side}>"]
    match image_format:
        case "jpeg":
            _run(*resize, "-quality", quality, f"jpeg:{output}")
            _run("jpegoptim", "-q", "-s", f"-m{quality}", output)
        case "webp":
            between = output.with_suffix(".between.png")
            _run(*resize, between)
            _run("cwebp", "-quiet", "-q", quality, between, "-o", output)
        case _:
            _run(*resize, f"png:{output}")
            _run("pngquant", "--quality", f"0-{quality}", "--force", "-o", output, output)


def _imagemagick() -> str:
    """Return ImageMagick's own program: `convert` may be another one of that name."""
    return next((found for name in ("convert-im6.q16", "convert") if (found := shutil.which(name))), "convert")


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True)
