"""Makes the pictures of docs/variants.md from its original, by the engine: `python -m deploy.reference.variants`."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from common.options.variant import VariantOptions
from processor.engine import EncodedVariant, ImageLimits
from processor.engine.decoding.original import Original
from processor.engine.libvips import set_up_libvips
from processor.engine.recipe import make_variants

FOLDER = Path("docs/variants")
_LIMITS = ImageLimits(megapixels=1, side_pixels=4096)
_SHOWN = re.compile(r"!\[(?P<options>[^\]]+)\]\(variants/(?P<name>[a-z-]+)\.webp\)")


def shown_in(page: str) -> dict[str, dict[str, Any]]:
    """Return the options of each picture in *page*, which are its alternative text, by its name."""
    return {found["name"]: json.loads(f"{{{found['options']}}}") for found in _SHOWN.finditer(page)}


def make(root: Path) -> dict[str, bytes]:
    """Return the file of each picture of the page below *root*, by its name."""
    pictures = shown_in((root / "docs/variants.md").read_text("utf-8"))
    asked = [VariantOptions.model_validate({"format": "webp", **options}) for options in pictures.values()]
    made = make_variants(Original.at(root / FOLDER / "original.jpeg"), asked, _LIMITS)
    names = list(pictures)
    return {names[variant.place]: variant.content for variant in made if isinstance(variant, EncodedVariant)}


def main() -> int:
    """Write the pictures, and say how many there are."""
    set_up_libvips()
    pictures = make(Path())
    for name, content in pictures.items():
        (FOLDER / f"{name}.webp").write_bytes(content)
    sys.stdout.write(f"{len(pictures)} pictures written to {FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
