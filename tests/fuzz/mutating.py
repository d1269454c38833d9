"""Changes of an input that keep its form: of a node of its JSON, of a line, of a word."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.fuzz.holding import INPUT_BYTES

__all__ = ["mutated"]

ODD: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**63, 10**400, 1e308, -0.5, float("inf"), float("nan"), "", " ",
    "\ud800", "\x1b[2J", "‹code-1›", "a" * 300, "https://[", "http://a:99999/", "=?utf-8?q?=00?=",
    "2027-03-01", "9999-12-31T23:59:59-23:59", [], {}, [[]], [None], [{}], {"": {}}, ["a", 1],
)  # fmt: skip
WORDS: Final = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\n----\n",
    b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n",
    b"Content-Type: text/html; charset=", b"utf-16", b"shift_jis", b"Location: ",
    b"Refresh: 0;url=", b"Set-Cookie: a=b; Max-Age=",
    b"; Domain=.example; Path=/; Secure; HttpOnly; SameSite=None",
    b"; Expires=Fri, 31 Dec 9999 23:59:59 GMT", b'Bearer realm="\\"", error=',
    b"<form method=post>", b"<input type=password name=p>", b"<input name=username>", b"<button>",
    b"<select><option>", b"<textarea>", b"<label for=", b"<base href=",
    b"<meta http-equiv=refresh content=", b"<table><tr>", b"https://id.example",
    b"https://app.example/callback", b"//[::1]:0/", b"%", b"%00", b"\x00", b"\xed\xa0\x80",
    b"\xe2\x80\xae", b"\xff", b"eyJhbGciOiJub25lIn0.e30.", b"&code=", b"?state=xyz#", b'{"a":',
    b"[[[[", b"]}", b'"\\ud800"', b"1e999", b'"', b"'", b"\\", b"=", b";", b",", b".",
)  # fmt: skip
DEEP: Final = 64


def mutated(data: bytes, most_bytes: int, seed: int) -> bytes:
    """Return an input changed in one to four ways, which the seed chooses."""
    chance = random.Random(seed)  # noqa: S311 -- no secret is made of it
    for _ in range(chance.randint(1, 4)):
        change = chance.choice((_of_json, _of_json, _of_lines, _of_words, _of_octets))
        data = change(data, chance)[:most_bytes]
    return data


def _of_json(data: bytes, chance: random.Random) -> bytes:
    """Change a node of the JSON that is a part of the input, if there is any."""
    pieces = data.split(b"\n")
    places = [place for place, one in enumerate(pieces) if one.lstrip()[:1] in {b"{", b"["}]
    if not places:
        return _of_lines(data, chance)
    place = chance.choice(places)
    try:
        root = [json.loads(pieces[place])]
    except (ValueError, RecursionError):
        return _of_octets(data, chance)
    holder, key = chance.choice(list(_places(root)))
    _change(holder, key, chance)
    pieces[place] = json.dumps(root[0] if root else None).encode()
    return b"\n".join(pieces)


def _places(node: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a value: what holds it, and by what key."""
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list) and depth < DEEP:
            yield from _places(node[key], depth + 1)


def _change(holder: Any, key: Any, chance: random.Random) -> None:
    match chance.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 2:
            holder[key] = chance.choice(([holder[key]], {"a": holder[key]}, str(holder[key])))
        case _:
            holder[key] = chance.choice(ODD)


def _of_lines(data: bytes, chance: random.Random) -> bytes:
    """Leave a line out, repeat it, or put it elsewhere."""
    lines = data.split(b"\n")
    place = chance.randrange(len(lines))
    changes: tuple[Callable[[], object], ...] = (
        lambda: lines.pop(place),
        lambda: lines.insert(place, lines[place]),
        lambda: lines.insert(chance.randrange(len(lines)), lines.pop(place)),
        lambda: lines.__setitem__(place, _repeated(lines[place], chance)),
    )
    chance.choice(changes)()
    return b"\n".join(lines)


def _of_words(data: bytes, chance: random.Random) -> bytes:
    """Put a word of the formats somewhere, once or many times."""
    place, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    word = _repeated(chance.choice(WORDS), chance)
    return data[:place] + word + data[chance.choice((place, end)) :]


def _of_octets(data: bytes, chance: random.Random) -> bytes:
    """Change an octet, or leave a stretch out, or repeat one."""
    place, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    match chance.randrange(3):
        case 0:
            return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]
        case 1:
            return data[:place] + data[end:]
        case _:
            return data[:end] + data[place:end] + data[end:]


def _repeated(octets: bytes, chance: random.Random) -> bytes:
    """Return octets as often as chance says, seldom many times, and no more than an input has."""
    times = chance.choices((1, 2, 40, 1500), weights=(40, 12, 4, 1))[0]
    return octets * min(times, 1 + INPUT_BYTES // max(1, len(octets)))
