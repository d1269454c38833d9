"""What idprobe wrote and printed, as text that can be searched."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.planted.secrets import PLANTED, SPELLINGS

from idprobe.report.compressed_exchanges import unpacked

__all__ = ["found_in", "texts_of"]

PACKED: Final = re.compile(r'<template id="packed">([A-Za-z0-9+/=\s]+)</template>')


def texts_of(path: Path) -> Iterator[str]:
    """Yield the text of a file, and what a reader of its kind makes of it."""
    text = path.read_text(encoding="utf-8")
    yield text
    match path.suffix:
        case ".json" | ".har" | ".sarif":
            yield "\n".join(strings(json.loads(text)))
        case ".jsonl":
            yield "\n".join(one for line in text.splitlines() for one in strings(json.loads(line)))
        case ".html" | ".xml":
            yield html.unescape(text)
            yield from ("\n".join(strings(unpacked(part))) for part in PACKED.findall(text))
        case _:
            pass


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a JSON value, the names of members included."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from strings(one)
        case dict():
            for name, one in value.items():
                yield name
                yield from strings(one)
        case _:
            pass


def found_in(texts: Iterator[str]) -> set[tuple[str, str]]:
    """Return which planted secrets are in texts, and in which spelling."""
    needles = {
        (name, way): spell(secret)
        for name, secret in PLANTED.items()
        for way, spell in SPELLINGS.items()
    }
    found: set[tuple[str, str]] = set()
    for text in texts:
        found |= {pair for pair, needle in needles.items() if stands(needle, text)}
    return found


def stands(needle: str, text: str) -> bool:
    """Return whether a needle is in a text; a short one of letters where it stands alone."""
    if needle not in text:
        return False
    if len(needle) >= 12 or not needle.isalnum():
        return True
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(needle)}(?![A-Za-z0-9_])", text) is not None
