"""Turns the command line's flags into a job's options, by the same rules."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from common.options.variant import VariantOptions
from processor.convert.errors import ConversionError
from processor.convert.variant_flags import as_options


def check_options(image_format: str | None, flags: Mapping[str, Any]) -> VariantOptions:
    """Return the options; raise `ConversionError` with one line that names every wrong flag."""
    asked = {"format": image_format, **as_options(flags)}
    try:
        return VariantOptions.model_validate(asked, by_name=True)
    except ValidationError as exc:
        raise ConversionError(_one_line(exc)) from exc


def _one_line(exc: ValidationError) -> str:
    return "; ".join(
        f"{_flag(error['loc'])}{error['msg'].removeprefix('Value error, ')}" for error in exc.errors(include_url=False)
    )


def _flag(place: tuple[int | str, ...]) -> str:
    return f"-{_UPPER.sub(_dashed, str(place[0])).replace('_', '-')}: " if place else ""


def _dashed(letter: re.Match[str]) -> str:
    return f"-{letter[0].lower()}"


_UPPER = re.compile("[A-Z]")
