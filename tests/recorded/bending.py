"""Bend what servers said, one place at a time, and judge again: no check may crash.

    python -m tests.recorded.bending                  # every place, every value: hours of CPU
    python -m tests.recorded.bending --share 0.05     # one bend in twenty, drawn by --seed
    python -m tests.recorded.bending --turned         # and tell which checks a bend turned

A bend is another value at one place of one trace: a member of a JSON body, a header, a parameter of
an authorization response, a member of a token's header or claims, or all of a body. Checks that do
not read the trace are not asked: nothing about them changes. What no specification knows (a member,
header or parameter x_unrelated) changes no verdict, but for the checks that look at all there is.
"""

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.recorded.record import recordings

from idprobe.errors import EvidenceError
from idprobe.formats.strict_json import parse_json
from idprobe.judge.collect import Check
from idprobe.judge.evaluate import decided
from idprobe.model.exchange import Exchange, Landing, Response
from idprobe.model.trace import Trace
from idprobe.model.verdict import HarnessFault, Satisfied, Verdict, Violated

ALL_THERE_IS: Final[Mapping[str, str]] = json.loads(
    Path(__file__).with_name("all_there_is.json").read_text(encoding="utf-8")
)
"""The checks that look at members whatever they are called, and why they do."""
UNRELATED: Final = "x_unrelated"
"""The name of members and headers that no specification and no check knows."""
MARK: Final = "@@bent@@"
LONG: Final = "a" * 70_000

VALUES: Final = (
    "null", "true", "false", "0", "-1", "1.5", "1e400", "-1e400", "9" * 5_000, "9" * 20, "-0.0",
    '""', '" "', '"a"', r'"\ud800"', r'"\u0000"', f'"{LONG}"', '"http://[::1"', '"javascript:x"',
    '"https://user@id.example:99999999/?a#b"', '"\\u202e\\u001b[2J"', '"1"', '"a b a"',
    "[]", "[null]", "[[]]", "[{}]", '[""]', '["a","a"]', "[0]",
    "{}", '{"a":[]}', '{"":null}', '{"keys":[{}]}',
)  # fmt: skip
"""JSON texts."""
BODIES: Final = (
    b"", b"[]", b"null", b"1", b'""', b"[{}]", b"{}", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100,
    b'{"a":1,"a":2}', b"<", b"<html><title>\x00&#xd800;</title><form><input name>", b"a=b&a=c",
    b'{"error":[]}', b'{"error":"invalid_request","error_description":{}}', b"\x00" * 10,
)  # fmt: skip
TEXTS: Final = (
    "", " ", "\x00", "a", "-1", "0", "9" * 400, LONG, "\xff\xfe", ";", ",", "=", '"', '="', ';;a="',
    "https://[::1", "//", "javascript:alert(1)", "https://a.example:99999999/?a#b", "#", "?code=",
    "Bearer", 'Bearer error="', 'Bearer realm="a", Bearer error=invalid_token', "Basic =,=",
    "Thu, 99 Foo 99999 99:99", "Mon, 01 Jan 0001 00:00:00 -2359", "Sun, 06 Nov 1994 08:49:37 +9999",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Sun, 06 Nov 1994 08:49:37 +999999999999999999999",
    "text/html", "application/json; charset=utf-16", "a=b; Max-Age=1e9; Expires=9", "max-age=\xb2",
    "9" * 5_000, f"max-age={'9' * 5_000}",
    "gzip", "0; url=https://[", "\u2039code-1\u203a",
)  # fmt: skip
"""Headers and parameters."""
STATUSES: Final = (100, 199, 204, 299, 304, 400, 499, 500, 599, 999)


@dataclass(frozen=True, slots=True)
class Bend:
    """One place of a trace with another value; `name` is what stands there, for a reader."""

    probe: str
    place: str
    value: str
    name: str
    bent: Callable[[], Trace]

    def __str__(self) -> str:
        return f"{self.probe}: {self.place} = {self.value}"


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a trace, and what may be put there."""

    key: tuple[str, ...]
    """What is alike about it: places with the same key in one trace are bent once."""
    place: str
    name: str
    values: Sequence[Any]
    put: Callable[[Any], Trace]


def places(trace: Trace) -> list[Place]:
    """Return the places of a trace, of several that are alike the first."""
    found: dict[tuple[str, ...], Place] = {}
    for index, exchange in enumerate(trace.exchanges):
        for place in _of_exchange(trace, index, exchange):
            found.setdefault(place.key, place)
    for place in _of_facts(trace):
        found.setdefault(place.key, place)
    return list(found.values())


def _of_exchange(trace: Trace, index: int, exchange: Exchange) -> Iterator[Place]:
    step = re.sub(r"\d+", "#", exchange.step)
    where = f"{exchange.step}[{index}]"

    def put(changed: Exchange) -> Trace:
        exchanges = [*trace.exchanges]
        exchanges[index] = changed
        return replace(trace, exchanges=tuple(exchanges))

    def answer(**changes: Any) -> Trace:
        response = exchange.answered
        return put(replace(exchange, response=replace(response, **changes)))

    if exchange.response is not None:
        response = exchange.response
        yield Place(
            (step, "status"), f"{where} status", "status", STATUSES, lambda v: answer(status=v)
        )
        yield Place((step, "body"), f"{where} body", "body", BODIES, lambda v: answer(body=v))
        yield from _of_headers(step, where, response, answer)
        yield from _of_json(step, where, response, answer)
    if exchange.landing is not None:
        yield from _of_landing(step, where, exchange, exchange.landing, put)


def _of_headers(
    step: str, where: str, response: Response, answer: Callable[..., Trace]
) -> Iterator[Place]:
    for number, (name, _) in enumerate((*response.headers, (UNRELATED, ""))):

        def bent(value: str, number: int = number, name: str = name) -> Trace:
            headers = [*response.headers, (UNRELATED, "")]
            headers[number] = (name, value)
            return answer(headers=tuple(headers))

        lowered = name.lower()
        place = f"{where} header {lowered}"
        yield Place((step, "header", lowered), place, f"header {lowered}", TEXTS, bent)


def _of_json(
    step: str, where: str, response: Response, answer: Callable[..., Trace]
) -> Iterator[Place]:
    try:
        document = response.json
    except EvidenceError:
        return
    for path in _paths(document):

        def bent(text: str, path: tuple[Any, ...] = path) -> Trace:
            whole = json.dumps(_with(document, path, MARK)).replace(f'"{MARK}"', text)
            return answer(body=whole.encode())

        name = str(path[-1])
        shown = "/".join(map(str, path))
        yield Place((step, "json", shown), f"{where} /{shown}", name, VALUES, bent)


def _paths(value: Any, depth: int = 4) -> Iterator[tuple[Any, ...]]:
    """Yield where in a JSON value something stands; of an array the first and the last."""
    if isinstance(value, dict):
        yield (UNRELATED,)
        inner: Iterable[Any] = value
    elif isinstance(value, list) and value:
        inner = {0, len(value) - 1}
    else:
        return
    for key in inner:
        yield (key,)
        if depth:
            yield from ((key, *rest) for rest in _paths(value[key], depth - 1))


def _with(value: Any, path: Sequence[Any], new: Any) -> Any:
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_with(one, rest, new) if n == key else one for n, one in enumerate(value)]
    return {**value, key: _with(value.get(key), rest, new)}


def _of_landing(
    step: str, where: str, exchange: Exchange, landing: Landing, put: Callable[[Exchange], Trace]
) -> Iterator[Place]:
    for number, (name, _) in enumerate((*landing.parameters, (UNRELATED, ""))):

        def bent(value: str, number: int = number, name: str = name) -> Trace:
            pairs = [*landing.parameters, (UNRELATED, "")]
            pairs[number] = (name, value)
            return put(replace(exchange, landing=replace(landing, parameters=tuple(pairs))))

        place = f"{where} parameter {name}"
        yield Place((step, "parameter", name), place, f"parameter {name}", TEXTS, bent)


def _of_facts(trace: Trace) -> Iterator[Place]:
    for pseudonym, facts in trace.facts.items():
        parts = [("jwt", "header"), ("jwt", "claims"), ("jwe", "header"), ("claims",)]
        for at in parts:
            part: Any = facts
            for key in at:
                part = part.get(key) if isinstance(part, Mapping) else None
            for path in _paths(part, 2) if isinstance(part, Mapping) else ():
                yield _of_fact(trace, pseudonym, facts, (*at, *path))


def _of_fact(trace: Trace, pseudonym: str, facts: Any, path: tuple[Any, ...]) -> Place:
    def bent(text: str) -> Trace:
        value = _with(facts, path, parse_json(text.encode()))
        return replace(trace, facts={**trace.facts, pseudonym: value})

    shown = "/".join(map(str, path))
    kind = str(facts.get("kind"))
    return Place(("fact", kind, shown), f"{pseudonym} /{shown}", str(path[-1]), VALUES, bent)


def bends(trace: Trace) -> Iterator[Bend]:
    """Yield every bend of a trace."""
    for place in places(trace):
        for value in place.values:
            shown = repr(value)[:40]
            bent = _bound(place.put, value)
            yield Bend(trace.probe, place.place, shown, place.name, bent)


def _bound(put: Callable[[Any], Trace], value: Any) -> Callable[[], Trace]:
    return lambda: put(value)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of bending: crashes, checks that were turned, and bends that were judged."""

    crashes: dict[str, str]
    """By check and kind of crash: the first bend that shows it."""
    turned: dict[tuple[str, str], str]
    """By check and name of a place: a bend that turned it from satisfied to violated."""
    strays: list[str]
    """Where an unrelated member, header or parameter changed a verdict."""
    judged: int = 0


def bent(share: float, seed: int, only: str = "") -> Found:
    """Judge a share of all bends of all recordings, drawn by a seed."""
    draw = random.Random(seed)  # noqa: S311 -- a sample, no secret
    found = Found({}, {}, [])
    judged = 0
    for name, recorded, checks in recordings():
        readers: dict[str, list[Check]] = defaultdict(list)
        for check in checks:
            if all(probe in recorded.traces for probe in check.probes):
                for probe in check.probes:
                    readers[probe].append(check)
        for probe, reading in readers.items():
            for bend in bends(recorded.traces[probe]):
                if draw.random() < share and only in f"{name} {bend}":
                    judged += 1
                    _judge(name, bend, recorded.traces, reading, found)
    return replace(found, judged=judged)


def _judge(
    name: str, bend: Bend, traces: Mapping[str, Trace], reading: Sequence[Check], found: Found
) -> None:
    changed = {**traces, bend.probe: bend.bent()}
    is_unrelated = bend.name.endswith(UNRELATED)
    for check in reading:
        now = _verdict(check, changed)
        if isinstance(now, HarnessFault):
            found.crashes.setdefault(f"{check.name}: {now.because}"[:300], f"{name} {bend}")
        elif is_unrelated or isinstance(now, Violated):
            before = _verdict(check, traces)
            told = f"{check.name}: {before} became {now} <- {name} {bend}"[:600]
            if is_unrelated and type(before) is not type(now) and check.name not in ALL_THERE_IS:
                found.strays.append(told)
            if isinstance(before, Satisfied) and isinstance(now, Violated):
                found.turned.setdefault((check.name, bend.name), told)


def _verdict(check: Check, traces: Mapping[str, Trace]) -> Verdict:
    return decided(check.body, {probe: traces[probe] for probe in check.probes}).verdict


def main() -> None:
    """Bend, judge, and tell what crashed or was turned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="how many of the bends")
    parser.add_argument("--seed", type=int, default=0, help="which ones, where it is not all")
    parser.add_argument("--only", default="", help="bends whose description has this")
    parser.add_argument("--turned", action="store_true", help="tell what turned checks, too")
    options = parser.parse_args()
    found = bent(options.share, options.seed, options.only)
    wrong = [*(f"CRASH {a} <- {b}" for a, b in found.crashes.items())]
    wrong += [f"STRAY {one}" for one in found.strays]
    told = [f"TURNED {one}" for _, one in sorted(found.turned.items())] if options.turned else []
    sys.stdout.write("\n".join([*told, *wrong, f"{found.judged} bends judged"]) + "\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
