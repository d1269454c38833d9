"""Which JSON Schema a document must meet, and the best error when it does not.

The words are ours and show no value of the document, which may be a secret: only places and keys.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from idprobe.content import content
from idprobe.errors import EvidenceError

__all__ = [
    "SchemaFlaw",
    "best_error",
    "first_schema_flaw",
    "nearest",
    "readable",
    "schema",
    "validate",
]

_KINDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "null",
}
_BOUNDS: Final = {
    "const": "exactly",
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
_FORMATS: Final = {
    "date": "must be a date such as 2027-03-01",
    "date-time": "must be a date and time such as 2027-03-01T12:00:00Z",
    "uri": "must be an absolute URI",
}
_RANK: Final = ("additionalProperties", "required")
_PLAIN: Final = {
    "minLength": "must not be empty",
    "minItems": "must not be empty",
    "minProperties": "must not be empty",
    "uniqueItems": "must not have an element twice",
    "oneOf": "fits none, or several, of the forms that are allowed",
    "anyOf": "fits none of the forms that are allowed",
    "not": "has what is not allowed here",
    "dependentRequired": "lacks what another member needs",
}


@dataclass(frozen=True, slots=True)
class SchemaFlaw:
    """What is wrong with a document, and where: `path` leads to the member at fault."""

    path: tuple[str | int, ...]
    keyword: str
    fix: str

    def __str__(self) -> str:
        place = readable(self.path)
        return f"{place}: {self.fix}" if place else self.fix


@cache
def schema(name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of that name, as fixtures/schemas/NAME.schema.json has it."""
    path = content("fixtures", "schemas", f"{name}.schema.json")
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


def validate(document: Any, schema_name: str) -> None:
    """Raise EvidenceError with the best error if the document does not meet the schema."""
    flaw = first_schema_flaw(document, schema_name)
    if flaw is not None:
        raise EvidenceError(f"{schema_name}: {flaw}")


def first_schema_flaw(document: Any, schema_name: str) -> SchemaFlaw | None:
    """Return the flaw to mend first, None if there is none.

    An unknown key comes before a missing one, since it often is the missing one misspelt, and both
    come before all else; then the order of the document decides.
    """
    errors = [_innermost(error) for error in _validator(schema_name).iter_errors(document)]
    if not errors:
        return None
    return _flaw(min(errors, key=_urgency))


def best_error(document: Any, schema_name: str) -> str | None:
    """Return the first flaw as one readable line, None if the document meets the schema."""
    flaw = first_schema_flaw(document, schema_name)
    return None if flaw is None else str(flaw)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, None if none is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def readable(path: Sequence[str | int]) -> str:
    """Return a path as a person writes it: clients.web.redirect_uris[0]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _urgency(error: ValidationError) -> int:
    keyword = str(error.validator)
    return _RANK.index(keyword) if keyword in _RANK else len(_RANK)


def _innermost(error: ValidationError) -> ValidationError:
    """Return the error of the form that was probably meant, for one about several forms.

    That is the first form of which more than the kind of value is wrong, or else the first.
    """
    if not error.context:
        return error
    forms: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        forms.setdefault(inner.relative_schema_path[0], []).append(_innermost(inner))
    depth = len(error.absolute_path)
    for errors in forms.values():
        if not any(_is_other_kind(one, depth) for one in errors):
            return min(errors, key=_urgency)
    return next(iter(forms.values()))[0]


def _is_other_kind(error: ValidationError, depth: int) -> bool:
    return error.validator == "type" and len(error.absolute_path) == depth


def _flaw(error: ValidationError) -> SchemaFlaw:
    path, keyword = tuple(error.absolute_path), str(error.validator)
    match keyword:
        case "additionalProperties":
            return _unknown_key(path, error)
        case "required":
            document: Any = error.instance
            missing = next(key for key in _wanted(error) if key not in document)
            return SchemaFlaw((*path, missing), keyword, "is missing: add it")
        case _:
            return SchemaFlaw(path, keyword, _fix(keyword, error))


def _fix(keyword: str, error: ValidationError) -> str:
    """Return what a value must be."""
    wanted = _wanted(error)
    match keyword:
        case "type":
            return f"must be {_kinds(wanted)}, not {_kind_of(error.instance)}"
        case "enum":
            choices = ", ".join(json.dumps(one) for one in wanted)
            return f"must be one of {choices}{_meant(error.instance, wanted)}"
        case "format":
            return _FORMATS.get(wanted, f"must be a {wanted}")
        case "pattern":
            return str(_rules(error).get("x-pattern-means", f"must match {wanted}"))
        case _ if keyword in _BOUNDS:
            return f"must be {_BOUNDS[keyword]} {json.dumps(wanted)}"
        case _:
            return _PLAIN.get(keyword, f"does not meet the schema's {keyword}")


def _wanted(error: ValidationError) -> Any:
    return error.validator_value


def _rules(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _unknown_key(path: tuple[str | int, ...], error: ValidationError) -> SchemaFlaw:
    rules = _rules(error)
    known = list(rules.get("properties", ()))
    patterns = list(rules.get("patternProperties", ()))
    document: Any = error.instance
    unknown = next(
        key
        for key in document
        if key not in known and not any(re.search(pattern, key) for pattern in patterns)
    )
    meant = nearest(unknown, known)
    fix = f"unknown key, did you mean {meant}?" if meant else _choices(known)
    return SchemaFlaw((*path, unknown), "additionalProperties", fix)


def _choices(known: Sequence[str]) -> str:
    return f"unknown key, known here: {', '.join(known)}" if known else "unknown key, remove it"


def _meant(value: Any, wanted: Iterable[Any]) -> str:
    if not isinstance(value, str):
        return ""
    meant = nearest(value, (one for one in wanted if isinstance(one, str)))
    return f"; did you mean {json.dumps(meant)}?" if meant else ""


def _kind_of(value: Any) -> str:
    # bool comes before int, whose subclass it is
    for python, kind in (
        (bool, "boolean"),
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, python):
            return _KINDS[kind]
    return _KINDS["null"]


def _kinds(types: str | Sequence[str]) -> str:
    names = [types] if isinstance(types, str) else types
    return " or ".join(_KINDS[name] for name in names)
