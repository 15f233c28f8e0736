"""The recipe: from an original to its variants. Runs in a child process."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from traceback import clear_frames

import pyvips

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import EncodedVariant, ImageLimits, RefusedVariant
from processor.engine.codecs.registry import CODECS, writer_of
from processor.engine.colour.extent import is_of_one_colour
from processor.engine.decoding.attempts import Attempt, attempts, is_damage
from processor.engine.decoding.decode import Decode, open_decoder
from processor.engine.decoding.header import Header, read_header, refuse_beyond
from processor.engine.decoding.original import Original
from processor.engine.likeness.choosing import is_in_sample
from processor.engine.likeness.comparing import Likeness
from processor.engine.metadata.kept_metadata import kept_metadata
from processor.engine.never_larger import keep_from_growing
from processor.engine.picture import PictureSpec
from processor.engine.plan import PlannedDecode, PlannedVariant, plan_decodes
from processor.engine.refusals import explain, explain_encoding, forget_complaints
from processor.engine.steps.convert_to_srgb import convert_to_srgb, needs_conversion
from processor.engine.steps.crop import crop
from processor.engine.steps.cut_window import cut_window
from processor.engine.steps.effects import apply_effects
from processor.engine.steps.flatten import flatten_early
from processor.engine.steps.normalise_bands import normalise_bands
from processor.engine.steps.place_on_canvas import place_on_canvas
from processor.engine.steps.render import render
from processor.engine.steps.resize import resize
from processor.engine.steps.turn import turn
from processor.engine.steps.turn_upright import turn_upright
from processor.engine.stopwatch import Stopwatch
from processor.engine.trimming import trim
from processor.engine.verify import verify

Step = Callable[[pyvips.Image, PictureSpec], pyvips.Image]

STEPS: tuple[Step, ...] = (
    normalise_bands,
    flatten_early,
    crop,
    resize,
    cut_window,
    convert_to_srgb,
    render,
    turn_upright,
    turn,
    place_on_canvas,
    apply_effects,
)
"""From decoded pixels to a finished picture, in this order."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps, and of how many usual originals one has its variants compared with it; of unusual ones all have."""

    steps: tuple[Step, ...] = STEPS
    compared_one_in: int = 64

    def compares(self, original: Original, header: Header) -> bool:
        """Say whether the variants of *original* are compared with it, whatever they look like."""
        if header.animation is not None:  # no other code here puts frames together as browsers do
            return False
        return not header.is_usual or is_in_sample(original.content, self.compared_one_in)


RECIPE = Recipe()


def make_variants(
    original: Original, wanted: Sequence[VariantOptions], limits: ImageLimits, recipe: Recipe = RECIPE
) -> Iterator[EncodedVariant | RefusedVariant]:
    """Yield each of the *wanted* variants of *original* as soon as it is made, those of one picture together.

    What can be refused without a look at the pixels comes first, and keeps no other variant from being made.
    Raises `ImageRefusedError` for an image that can never be processed, which may come after some of its variants,
    and `MemoryError` when this process's memory limit was in the way.
    """
    try:
        forget_complaints()
        header = read_header(original.content)
        refuse_beyond(limits, header)
        original = _prepare(original, header)
        wanted = _trim(original, header, wanted)
        decodes, refused = plan_decodes(header, wanted, megapixels=limits.megapixels)
        yield from refused
        for planned in decodes:
            yield from _make_forgivingly(original, header, planned, recipe)
    except Exception as exc:
        clear_frames(exc.__traceback__)  # else the error, on its way, holds a whole picture during the next job
        raise


def _prepare(original: Original, header: Header) -> Original:
    prepared = CODECS[header.format].loader.prepare(original.content)
    return original if prepared is original.content else Original(prepared, (original.identity, "prepared"))


def _trim(original: Original, header: Header, wanted: Sequence[VariantOptions]) -> Sequence[VariantOptions]:
    trimmed = wanted
    for attempt in attempts(original, header.format):
        with _forgiving(attempt, header):
            trimmed = trim(attempt.original, header, wanted, forgiving=attempt.is_forgiving)
            break
    return trimmed


def _make_forgivingly(
    original: Original, header: Header, planned: PlannedDecode, recipe: Recipe
) -> Iterator[EncodedVariant]:
    """Make what is planned, and what is left of it once more where a decoder warned of nothing that matters."""
    places: set[int] = set()
    for attempt in attempts(original, header.format):
        with _forgiving(attempt, header):
            for variant in _make(attempt.original, header, planned, recipe, forgiving=attempt.is_forgiving):
                if variant.place not in places:
                    places.add(variant.place)
                    yield variant
            return


@contextlib.contextmanager
def _forgiving(attempt: Attempt, header: Header) -> Iterator[None]:
    """Let pass what the block's decoder warned of; raise the refusal of damage, and of all at the last attempt."""
    try:
        yield
    except pyvips.Error as exc:
        if attempt.is_last or is_damage(exc, header.format):
            raise explain(exc, header.format) from exc
        forget_complaints()


def _make(
    original: Original, header: Header, planned: PlannedDecode, recipe: Recipe, *, forgiving: bool
) -> Iterator[EncodedVariant]:
    """Make one picture after another, so that only one is in memory."""
    watch = Stopwatch()
    likeness = Likeness(original, header)
    if recipe.compares(original, header):
        likeness.copy_original(wanted.spec.size for wanted in planned.pictures if wanted.spec.is_plain)
    decode = open_decoder(original, header, planned, forgiving=forgiving)
    for wanted in planned.pictures:
        picture = make_picture(decode, wanted.spec, recipe.steps)
        is_compared = wanted.spec.is_plain and (likeness.is_copied or _is_in_doubt(picture, header))
        picture_seconds = watch.lap()
        for variant in wanted.variants:
            encoded = _encode(picture, wanted.spec, original, header, variant)
            if is_compared:
                _compare(encoded, likeness)
            yield replace(encoded, picture_seconds=picture_seconds, encode_seconds=watch.lap())
            picture_seconds = 0
            watch.lap()  # the time in between was the caller's


def make_picture(decode: Decode, spec: PictureSpec, steps: Sequence[Step] = STEPS) -> pyvips.Image:
    """Return the finished picture, made again with a second look where a conversion seems to have lost it."""
    picture = decode(spec)
    may_lose_it = needs_conversion(picture, spec) and not spec.in_doubt
    for step in steps:
        picture = step(picture, spec)
    if may_lose_it and is_of_one_colour(picture):
        return make_picture(decode, replace(spec, in_doubt=True), steps)
    return picture


def _is_in_doubt(picture: pyvips.Image, header: Header) -> bool:
    return header.animation is None and is_of_one_colour(picture)


def _compare(variant: EncodedVariant, likeness: Likeness) -> None:
    try:
        likeness.check(variant)
    except pyvips.Error as exc:
        raise explain_encoding(exc) from exc


def _encode(
    picture: pyvips.Image, spec: PictureSpec, original: Original, header: Header, variant: PlannedVariant
) -> EncodedVariant:
    try:
        content = _encode_content(picture, spec, original, header, variant)
    except pyvips.Error as exc:
        raise explain_encoding(exc) from exc
    made = verify(content, variant.format, spec.size)
    return EncodedVariant(
        variant.place, content, variant.format, *spec.size, frames=made.frames, original_frames=header.frames
    )


def _encode_content(
    picture: pyvips.Image, spec: PictureSpec, original: Original, header: Header, variant: PlannedVariant
) -> bytes:
    """Return the file, without the metadata where it cannot be kept: that never costs the picture."""
    options = variant.options
    if options.keep_metadata:
        with contextlib.suppress(pyvips.Error):
            return _encode_as(options, picture, spec, original, header, variant.format)
        forget_complaints()
    without = options.model_copy(update={"keep_metadata": False})
    return _encode_as(without, picture, spec, original, header, variant.format)


def _encode_as(  # noqa: PLR0913, PLR0917 - all that decides the bytes
    options: VariantOptions,
    picture: pyvips.Image,
    spec: PictureSpec,
    original: Original,
    header: Header,
    image_format: ImageFormat,
) -> bytes:
    metadata = kept_metadata(original, header, picture, image_format, options)
    content = metadata.put_into(writer_of(image_format).encode(picture, options))
    if spec.is_plain and (image_format, *spec.size) == (header.format, header.width, header.height):
        return keep_from_growing(content, picture, original, header, options, metadata)
    return content
