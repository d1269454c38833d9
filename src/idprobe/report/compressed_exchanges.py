"""All exchanges of a run in a few hundred kilobytes: the page unpacks and shows what is asked for.

JSON, compressed (RFC 1950), in base64. Everything a server said was sanitised before, and the
page's script makes text of it, never markup.
"""

import base64
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from idprobe.evidence.store import ProbeOutcome
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.model.trace import Trace
from idprobe.report.transcript import Body, Shown, anchor, elapsed, transcript

__all__ = ["BUDGET", "packed", "unpacked"]

BUDGET: Final = 750_000
"""Characters of all exchanges in one page, at most."""
_CAPS: Final = (16384, 4096, 2048, 1024, 512, 256, 64)
_STAGES: Final = (*((cap, sys.maxsize) for cap in _CAPS), (_CAPS[-1], 50), (_CAPS[-1], 0))
"""How many bytes of a body are kept, and for how many exchanges of a probe their headers are."""
_LEAN: Final = "its headers were left out, as there was no room: the evidence has them"
_LINE: Final = 160
_MAX_TEXT: Final = 2000

Probes = Iterable[tuple[ProbeOutcome, Trace | None]]


def packed(probes: Probes, budget: int = BUDGET) -> tuple[str, int]:
    """Return the exchanges of the probes, and the number of bytes after which a body was cut.

    Where that is not enough those of long experiments have no headers, and at last none have.
    """
    found = list(probes)
    text, cap = "", _CAPS[0]
    for cap, whole in _STAGES:
        text = _encoded({"cap": cap, "probes": [_probe(*one, cap, whole) for one in found]})
        if len(text) <= budget:
            break
    return text, cap


def unpacked(text: str) -> dict[str, Any]:
    """Return what was packed, as the page's script finds it."""
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text)))
    return found


def _encoded(document: Any) -> str:
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    coded = base64.b64encode(zlib.compress(plain.encode("utf-8", "backslashreplace"), 9)).decode()
    return "\n".join(coded[start : start + _LINE] for start in range(0, len(coded), _LINE))


def _probe(outcome: ProbeOutcome, trace: Trace | None, cap: int, whole: int) -> dict[str, Any]:
    exchanges = () if trace is None else transcript(trace, cap)
    if len(exchanges) > whole:
        exchanges = tuple(map(_lean, exchanges))
    return {
        "name": sanitise(outcome.probe),
        "anchor": anchor(outcome.probe, "all"),
        "outcome": outcome.outcome,
        "because": clipped(sanitise(outcome.because), _MAX_TEXT),
        "elapsed": elapsed(outcome.elapsed_ns) if outcome.elapsed_ns else "",
        "exchanges": [dict(_exchange(one)) for one in exchanges],
    }


def _lean(one: Shown) -> Shown:
    return replace(one, request_headers=(), response_headers=(), remarks=(*one.remarks, _LEAN))


def _exchange(one: Shown) -> Iterator[tuple[str, Any]]:
    """Yield the members of an exchange that say anything, each sanitised."""
    yield "anchor", one.anchor
    yield "step", sanitise(one.step)
    yield "agent", one.agent
    yield "at", one.at
    yield "elapsed", one.elapsed
    yield "remarks", [sanitise(remark) for remark in one.remarks]
    yield "place", sanitise(one.place)
    yield "request", [sanitise(one.request_line), _pairs(one.request_headers)]
    if one.request_body is not None:
        yield "requestBody", _body(one.request_body)
    if one.status:
        yield "status", one.status
        yield "response", [sanitise(one.status_line), _pairs(one.response_headers)]
    if one.response_body is not None:
        yield "responseBody", _body(one.response_body)
    if one.failure:
        yield "failure", sanitise(one.failure)
    if one.landing:
        yield "landing", [sanitise(one.landing), _pairs(one.landed)]


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[sanitise(name), sanitise(value)] for name, value in pairs]


def _body(body: Body) -> list[Any]:
    return [sanitise(body.text, lines=True), body.size, body.remark, body.kind]
