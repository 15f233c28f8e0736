"""Turns the command line's flags into a job's options, by the same rules."""

from pydantic import ValidationError

from common.options import VariantOptions
from processor.convert.errors import ConversionError


def check_options(
    image_format: str | None,
    max_dimension: int,
    quality: int,
    keep_metadata: bool,  # noqa: FBT001 - a flag's value
) -> VariantOptions:
    """Return the options; raise `ConversionError` with one line that names every wrong flag."""
    flags = {
        "format": image_format,
        "max_dimension": max_dimension,
        "quality": quality,
        "keep_metadata": keep_metadata,
    }
    try:
        return VariantOptions.model_validate(flags)
    except ValidationError as exc:
        raise ConversionError(_one_line(exc)) from exc


def _one_line(exc: ValidationError) -> str:
    return "; ".join(f"-{_flag(error['loc'][0])}: {error['msg']}" for error in exc.errors(include_url=False))


def _flag(field: int | str) -> str:
    return {"max_dimension": "max-dimension", "maxDimension": "max-dimension"}.get(str(field), str(field))
