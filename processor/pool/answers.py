"""What children and their parent tell each other: JSON, validated by whoever reads it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.options.variant import VariantOptions
from processor.engine import EncodedVariant, Refusal
from processor.pool.losses import BadAnswerError

MAX_TEXT = 2000
"""Characters of what is told in words."""

_Count = Annotated[int, Field(ge=1, le=1_000_000)]
_Seconds = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Task(_Message):
    """The parent's only message. The original comes with it, as an open file."""

    variants: list[VariantOptions]


class Ready(_Message):
    """The child is confined and waits for its first job."""

    kind: Literal["ready"] = "ready"


class Taken(_Message):
    """The child has begun the job: its time runs."""

    kind: Literal["taken"] = "taken"


class Variant(_Message):
    """A variant is made; its bytes follow. The numbers are those of `EncodedVariant`."""

    kind: Literal["variant"] = "variant"
    place: Annotated[int, Field(ge=0)]
    byte_size: Annotated[int, Field(ge=1)]
    frames: _Count
    original_frames: _Count
    picture_seconds: _Seconds
    encode_seconds: _Seconds

    @classmethod
    def of(cls, made: EncodedVariant) -> "Variant":
        """Return what is told of *made*. Format and size are not: the parent looks for itself."""
        return cls(
            place=made.place,
            byte_size=len(made.content),
            frames=made.frames,
            original_frames=made.original_frames,
            picture_seconds=made.picture_seconds,
            encode_seconds=made.encode_seconds,
        )


class Refused(_Message):
    """The image can never be processed."""

    kind: Literal["refused"] = "refused"
    code: Annotated[Refusal, Field(strict=False)]
    reason: Annotated[str, Field(max_length=MAX_TEXT)]


class VariantRefused(_Message):
    """One variant can never be made of the image."""

    kind: Literal["variant_refused"] = "variant_refused"
    place: Annotated[int, Field(ge=0)]
    code: Annotated[Refusal, Field(strict=False)]
    reason: Annotated[str, Field(max_length=MAX_TEXT)]


class OutOfMemory(_Message):
    """The job did not fit into the child's memory; the child goes on."""

    kind: Literal["out_of_memory"] = "out_of_memory"


class Failed(_Message):
    """Something happened that should not; the child ends."""

    kind: Literal["failed"] = "failed"
    trace: Annotated[str, Field(max_length=MAX_TEXT)]


Answer = Ready | Taken | Variant | VariantRefused | Refused | OutOfMemory | Failed
_ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])


def decoded(content: bytes) -> Answer:
    """Return the answer in *content*; raise `BadAnswerError`."""
    try:
        return _ANSWER.validate_json(content)
    except ValidationError as exc:
        message = f"an answer that is none: {exc.errors(include_url=False, include_input=False)[:3]}"
        raise BadAnswerError(message) from exc
