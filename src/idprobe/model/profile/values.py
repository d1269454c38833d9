"""The values of a profile file: references to environment and files resolved, dates as text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from idprobe.errors import ProfileError
from idprobe.formats.bounded import as_text, read_plain
from idprobe.formats.schemas import readable, schema

__all__ = ["Source", "resolved", "with_dates_as_text"]

MOST_LEVELS: Final = 32
"""How deep a profile may nest: far deeper than any that is of use."""

Place = tuple[str | int, ...]
_MOST_BYTES: Final = 2**20
"""Of a file that a value is in: room for any secret, key or list."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a profile comes from: its file and the environment that its references name."""

    path: Path
    environ: Mapping[str, str]

    @property
    def where(self) -> str:
        """The file, as errors name it."""
        return str(self.path)

    def error(self, place: Place | str, fix: str) -> ProfileError:
        """Return the error about a place in the file."""
        return ProfileError(self.where, place if isinstance(place, str) else readable(place), fix)


def with_dates_as_text(value: Any, levels: int = MOST_LEVELS) -> Any:
    """Return the value with TOML dates and times as ISO 8601 text, which JSON Schema knows.

    Raises RecursionError where it nests deeper than so many levels.
    """
    if levels == 0:
        raise RecursionError
    match value:
        case dict():
            return {key: with_dates_as_text(one, levels - 1) for key, one in value.items()}
        case list():
            return [with_dates_as_text(one, levels - 1) for one in value]
        case date():
            return value.isoformat()
        case _:
            return value


def resolved(document: Any, source: Source) -> Any:
    """Return the document with every { env = "NAME" } and { file = "PATH" } replaced by its value.

    Where the schema wants something else than text, the text is read as JSON, or for lists as
    words separated by spaces. Raises ProfileError naming the key, the reference and the fix.
    """
    return _resolved(document, source, (), schema("profile"))


def _resolved(value: Any, source: Source, place: Place, wanted: Mapping[str, Any]) -> Any:
    wanted = _first_form(wanted)
    match value:
        case {"env": str(name)} if len(value) == 1:
            return _typed(_from_environment(name, source, place), source, place, wanted)
        case {"file": str(name)} if len(value) == 1:
            return _typed(_from_file(name, source, place), source, place, wanted)
        case dict():
            return {
                key: _resolved(one, source, (*place, key), _member(wanted, key))
                for key, one in value.items()
            }
        case list():
            items = wanted.get("items", {})
            return [_resolved(one, source, (*place, n), items) for n, one in enumerate(value)]
        case _:
            return value


def _from_environment(name: str, source: Source, place: Place) -> str:
    value = source.environ.get(name)
    if value is None:
        raise source.error(place, f"the environment variable {name} is not set: set it")
    if not value.strip():
        raise source.error(place, f"the environment variable {name} is empty: set it")
    return value


def _from_file(name: str, source: Source, place: Place) -> str:
    path = source.path.parent / name
    try:
        text = as_text(read_plain(path, _MOST_BYTES)).rstrip("\r\n")
    except UnicodeDecodeError:
        raise source.error(place, f"{path} is not UTF-8: save it as UTF-8") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        fix = f"{path} cannot be read ({why}): create it, or change file = {json.dumps(name)}"
        raise source.error(place, fix) from None
    except ValueError:
        fix = f"file = {json.dumps(name)} is no path: a file name has no NUL"
        raise source.error(place, fix) from None
    if not text.strip():
        raise source.error(place, f"{path} is empty: write the value into it")
    return text


def _typed(text: str, source: Source, place: Place, wanted: Mapping[str, Any]) -> Any:
    """Return a referenced text as the kind of value that the schema wants."""
    kind = wanted.get("type", "string")
    if kind not in {"array", "boolean", "integer", "number", "object"}:
        return text
    if kind == "array" and not text.lstrip().startswith("["):
        return text.split()
    try:
        return json.loads(text)
    except ValueError:
        if kind == "object":
            fix = "what is referenced there must be a JSON object"
        else:
            fix = f"what is referenced there must be JSON of the kind {kind}"
        raise source.error(place, fix) from None


def _first_form(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    while True:
        if "$ref" in wanted:
            name = wanted["$ref"].rpartition("/")[2]
            wanted = schema("profile")["$defs"][name]
        elif "anyOf" in wanted:
            wanted = wanted["anyOf"][0]
        else:
            return wanted


def _member(wanted: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = wanted.get("properties", {}).get(key, wanted.get("additionalProperties"))
    return found if isinstance(found, Mapping) else {}
