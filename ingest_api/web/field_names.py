"""Finds the right spelling of a field that a request writes otherwise, such as `maxdimension` or `max_dimension`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class FieldNames:
    """The names of all fields in one kind of body, by their letters and digits in lower case."""

    by_letters: Mapping[str, str]

    @classmethod
    def of(cls, body: Any) -> "FieldNames":
        """Return the names in *body*, a type that pydantic validates, and in what it is made of."""
        return cls({_letters(name): name for name in _names(TypeAdapter(body).json_schema())})

    def suggest(self, errors: Sequence[Any]) -> list[Any]:
        """Return pydantic's *errors*; those about an unknown field have the name it resembles, as `meant`."""
        return [error | {"meant": self._meant(error)} for error in errors]

    def _meant(self, error: Mapping[str, Any]) -> str | None:
        if error["type"] != "extra_forbidden":
            return None
        written = str(error["loc"][-1])
        name = self.by_letters.get(_letters(written))
        return name if name != written else None


def _names(schema: Mapping[str, Any]) -> Iterator[str]:
    for model in (schema, *schema.get("$defs", {}).values()):
        yield from model.get("properties", {})


def _letters(name: str) -> str:
    return "".join(each for each in name if each.isalnum()).casefold()
