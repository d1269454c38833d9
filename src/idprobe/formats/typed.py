"""Whether what was read from a file has the types that our dataclasses declare.

A dataclass takes anything; where it is filled from JSON of unknown origin, the misfit that would
surface far away is found here, by its place.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["misfit"]

Check = Callable[[Any], str | None]
"""Returns where a value does not fit, as `.name[2]: what it must be`; None if it fits."""


def misfit(value: Any, kind: Any) -> str | None:
    """Return the first place where a value is not of a type, and what it must be; None if it is.

    A list may stand for a tuple, and a whole number for any number, as in JSON.
    """
    said = _check(kind)(value)
    return None if said is None else said.removeprefix(".")


@cache
def _check(kind: Any) -> Check:  # noqa: PLR0911 -- one for each form of a type
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any or isinstance(kind, TypeVar):
        return _fits
    if origin is Literal:
        return _one_of(inner)
    if origin in {Union, types.UnionType}:
        return _any_of(inner)
    if origin is tuple:
        return _row_of(inner)
    if origin in {list, frozenset, set}:
        return _row_of((inner[0], ...), (list, tuple, set, frozenset))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _table_of(*inner)
    if not isinstance(kind, type):
        return _fits
    if is_dataclass(kind):
        return _record_of(kind)
    return _plain(kind)


def _fits(_: Any) -> str | None:
    return None


def _plain(kind: type) -> Check:
    taken: tuple[type, ...] = (int, float) if kind is float else (kind,)
    name = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    said = f": must be {name.get(kind.__name__, kind.__name__)}"

    def check(value: Any) -> str | None:
        fits = isinstance(value, taken) and (kind is bool or not isinstance(value, bool))
        return None if fits or (kind is object) else said

    return check


def _one_of(values: tuple[Any, ...]) -> Check:
    said = f": must be one of {', '.join(map(str, values))}"
    return lambda value: None if value in values else said


def _any_of(kinds: tuple[Any, ...]) -> Check:
    checks = [_check(kind) for kind in kinds if kind is not types.NoneType]
    nothing = types.NoneType in kinds

    def check(value: Any) -> str | None:
        if value is None and nothing:
            return None
        said = [one(value) for one in checks]
        return None if None in said else next(iter(said), ": must be null")

    return check


def _row_of(inner: tuple[Any, ...], taken: tuple[type[Any], ...] = (tuple, list)) -> Check:
    is_long = inner[1:] == (...,)
    checks = [_check(kind) for kind in inner if kind is not ...]

    def check(value: Any) -> str | None:
        if not isinstance(value, taken):
            return ": must be a list"
        if not is_long and len(value) != len(checks):
            return f": must have {len(checks)} elements"
        for number, one in enumerate(value):
            said = checks[0 if is_long else number](one)
            if said is not None:
                return f"[{number}]{said}"
        return None

    return check


def _table_of(key_kind: Any, kind: Any) -> Check:
    key_check, check_one = _check(key_kind), _check(kind)

    def check(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return ": must be an object"
        for key, one in value.items():
            said = key_check(key) or check_one(one)
            if said is not None:
                return f".{key!s:.60}{said}"
        return None

    return check


def _record_of(kind: Any) -> Check:
    hints = get_type_hints(kind)
    checks = [(one.name, _check(hints[one.name])) for one in fields(kind)]

    def check(value: Any) -> str | None:
        if not isinstance(value, kind):
            return f": must be {kind.__name__}"
        for name, one in checks:
            said = one(getattr(value, name))
            if said is not None:
                return f".{name}{said}"
        return None

    return check
