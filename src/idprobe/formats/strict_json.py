"""JSON as RFC 8259 has it: read strictly, written so that any reader can read it.

A server may put anything into a JSON string or number. What cannot be encoded as UTF-8, compared or
printed is dealt with here, once, so that no other module meets it.
"""

import json
import math
import re
import secrets
from typing import Any, Final

from idprobe.errors import EvidenceError

__all__ = ["json_text", "parse_json", "well_formed"]

MAX_JSON_DEPTH: Final = 64
MAX_DIGITS: Final = 300
REPLACEMENT: Final = "\ufffd"
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(data: bytes) -> Any:
    """Return the JSON value of bytes, read strictly (RFC 8259).

    A lone surrogate, which is no character (RFC 8259 section 8.2), becomes U+FFFD. Raises
    EvidenceError for bytes that are not UTF-8, not JSON, nested deeper than 64 levels, with a
    repeated member name, or with NaN and its like.
    """
    _refuse_deep(data)
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise EvidenceError("the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise EvidenceError("the body is not JSON") from None
    return well_formed(value) if _ESCAPED_SURROGATE.search(data) else value


def well_formed(value: Any) -> Any:
    """Return a JSON value with U+FFFD for each lone surrogate in its strings and member names."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [well_formed(one) for one in value]
    if isinstance(value, dict):
        return {well_formed(name): well_formed(one) for name, one in value.items()}
    return value


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return the JSON text of a value; it can be encoded as UTF-8 and is read back as it was.

    A lone surrogate is written as its escape, a number that is infinite as 1e999.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        text = _with_infinite_numbers(value, indent)
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _with_infinite_numbers(value: Any, indent: int | None) -> str:
    """Return the JSON text of a value that has infinite numbers, which json.dumps cannot write."""
    mark = secrets.token_hex(16)
    text = json.dumps(_marked(value, mark), ensure_ascii=False, indent=indent, allow_nan=False)
    return text.replace(f'"{mark}"', "1e999").replace(f'"-{mark}"', "-1e999")


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return mark if value > 0 else f"-{mark}"
    if isinstance(value, list | tuple):
        return [_marked(one, mark) for one in value]
    if isinstance(value, dict):
        return {name: _marked(one, mark) for name, one in value.items()}
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise EvidenceError("the JSON has a repeated member name")
    return members


def _refuse(constant: str) -> Any:
    raise EvidenceError(f"the JSON has {constant}, which is no JSON number")


def _number(digits: str) -> int | float:
    """Return a whole number; one that nobody writes down in earnest becomes infinite."""
    return int(digits) if len(digits) <= MAX_DIGITS else float(digits)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_number, parse_constant=_refuse
)


def _refuse_deep(data: bytes) -> None:
    """Raise EvidenceError if brackets nest too deep; brackets in strings only make it stricter."""
    if data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH:
        return
    depth = 0
    for byte in data:
        if byte in b"[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise EvidenceError(f"the JSON nests deeper than {MAX_JSON_DEPTH} levels")
        elif byte in b"]}":
            depth -= 1
