"""The options of a task as they travel and are stored, kept member for member, whichever release wrote them."""

import json
from inspect import getdoc
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    JsonValue,
    RootModel,
    TypeAdapter,
    ValidationError,
)

from common.formats import ImageFormat
from common.options.variant import VariantOptions

_ALWAYS_WRITTEN = ("format", "max_dimension", "quality", "keep_metadata")
"""The options of the first release. Later ones are written only if a client asks for them, so that older processors can
do every job that does not need them."""
_DEFAULTS: dict[str, JsonValue] = {
    VariantOptions.model_fields[name].alias or name: TypeAdapter(Any).dump_python(
        VariantOptions.model_fields[name].get_default(), mode="json"
    )
    for name in dict.fromkeys((*_ALWAYS_WRITTEN, *VariantOptions.model_fields))
}
_LONGEST_LIST = 200


class UnsupportedOptionError(Exception):
    """A job needs what this release cannot do; a later one may. The message is a sentence for the job's owner."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"The release of the processor cannot do what is asked: {asked[:_LONGEST_LIST]}.")


def _in_order(asked: dict[str, JsonValue]) -> dict[str, JsonValue]:
    # A row's JSON has its own order: give the members one order, wherever they come from.
    return {name: asked[name] for name in (*_DEFAULTS, *asked) if name in asked}


class TaskOptions(RootModel[Annotated[dict[str, JsonValue], AfterValidator(_in_order)]]):
    """The options of a task as any release wrote them: this one, an earlier or a later one.

    Unknown members and values are kept, so that storing or forwarding them loses nothing.
    """

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, options: VariantOptions) -> "TaskOptions":
        """Return *options* as they are stored."""
        first = options.model_dump(mode="json", include={*_ALWAYS_WRITTEN}, exclude_none=True)
        return cls(first | options.model_dump(mode="json", exclude={*_ALWAYS_WRITTEN}, exclude_defaults=True))

    def understood(self) -> VariantOptions:
        """Return the options as this release knows them; raise `UnsupportedOptionError` for those it does not."""
        try:
            return VariantOptions.model_validate(self.root, by_alias=True, by_name=False)
        except ValidationError as exc:
            names = {str((*error["loc"], error["msg"])[0]) for error in exc.errors(include_url=False)}
            raise UnsupportedOptionError(", ".join(sorted(names))) from exc

    def resolved_for(self, original_format: str) -> "TaskOptions":
        """Return the options with the format filled in, if this release knows what *original_format* is written as."""
        written_as = _WRITTEN_AS.get(original_format)
        return self if "format" in self.root or written_as is None else TaskOptions({"format": written_as} | self.root)

    def without_defaults(self) -> dict[str, JsonValue]:
        """Return the options that are not defaults; an option that is added later does not change this."""
        return {name: value for name, value in self.root.items() if value != _DEFAULTS.get(name, _UNKNOWN)}

    def as_first_written(self) -> str:
        """Return the text from which the first release took a request's fingerprint: with every default."""
        return json.dumps({**_DEFAULTS_OF_FIRST_RELEASE, **self.root}, separators=(",", ":"))

    def are_known(self) -> bool:
        """Say whether this release knows every member by its name."""
        return self.root.keys() <= _DEFAULTS.keys()

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the known options, open to others."""
        known = handler.resolve_ref_schema(handler(VariantOptions.__pydantic_core_schema__))
        return {**known, "title": cls.__name__, "description": getdoc(cls), "additionalProperties": True}


_DEFAULTS_OF_FIRST_RELEASE: dict[str, JsonValue] = {
    "format": None,
    "maxDimension": 0,
    "quality": 80,
    "keepMetadata": False,
}
_WRITTEN_AS: dict[str, str] = {known.value: known.written_as.value for known in ImageFormat}
_UNKNOWN = object()


def canonical_json(value: JsonValue) -> str:
    """Return *value* as JSON that does not depend on the order of its members."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
