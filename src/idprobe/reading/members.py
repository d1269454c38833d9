"""Members of JSON objects that servers made, read by their kinds.

A member of another kind than it has to be is a finding of the check that speaks of its kind; to
all others it raises EvidenceError.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from idprobe.errors import EvidenceError

__all__ = ["object_in", "objects_in", "text_in", "texts_in"]


def text_in(members: Mapping[str, Any], name: str) -> str:
    """Return a member that is a string; raises EvidenceError for any other or without it."""
    value: Any = members.get(name)
    if not isinstance(value, str):
        raise EvidenceError(f"{name} is missing or no string")
    return value


def texts_in(
    members: Mapping[str, Any], name: str, default: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return the elements of a member that is an array of strings; null is as good as absent.

    Raises EvidenceError for any other kind, and for absence where that stands for nothing.
    """
    value: Any = members.get(name)
    value = default if value is None else value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise EvidenceError(f"{name} is missing or no array of strings")


def object_in(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a member that is an object, an empty one without it; else raises EvidenceError."""
    value: Any = members.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{name} is no object")
    return value


def objects_in(members: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """Return the elements of an array of objects, none without it; else raises EvidenceError."""
    value: Any = members.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise EvidenceError(f"{name} is no array of objects")
    return tuple(value)
