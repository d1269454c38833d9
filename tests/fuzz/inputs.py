"""How the octets of an input become what idprobe reads: texts, answers, exchanges, files."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idprobe.model.exchange import Exchange, Headers, Request, Response
from idprobe.model.profile import Client, Profile, Provider, User

__all__ = [
    "ASKED",
    "CALLBACK",
    "CLIENT",
    "ISSUER",
    "LOGGED_IN",
    "PROFILE",
    "PROVIDER",
    "SECRETS",
    "answer",
    "answers",
    "exchange",
    "head_text",
    "json_text",
    "parts",
    "value",
    "written",
]

BETWEEN_PARTS: Final = b"\n----\n"
ISSUER: Final = "https://id.example"
CALLBACK: Final = "https://app.example/callback"
SEEN_AT: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)
SECRETS: Final = (("client_secret", "s3cret-of-the-client"), ("password", "correct horse"))
LOGGED_IN: Final = User("first", "alice", "correct horse", "JBSWY3DPEHPK3PXP")
CLIENT: Final = Client("web", "web-1", "s3cret-of-the-client", redirect_uris=(CALLBACK,))
PROFILE: Final = Profile(
    "id.example",
    "fuzz.toml",
    ISSUER,
    clients=MappingProxyType({"web": CLIENT}),
    users=MappingProxyType({"first": LOGGED_IN}),
)
PROVIDER: Final = Provider(PROFILE, {}, CLIENT, LOGGED_IN)
ASKED: Final = Request.get(f"{ISSUER}/authorize?client_id=web-1&state=xyz")


def parts(data: bytes, count: int) -> list[bytes]:
    """Return so many parts of an input, the last ones empty if there are fewer."""
    found = data.split(BETWEEN_PARTS, count - 1)
    return [*found, *[b""] * (count - len(found))]


def head_text(data: bytes) -> str:
    """Return octets of a header as text, as h11 and httptools hand them on."""
    return data.decode("latin-1")


def json_text(data: bytes) -> str:
    """Return octets as a text of JSON, where lone surrogates are possible."""
    return data.decode("utf-8", "surrogateescape")


def value(data: bytes) -> Any:
    """Return the JSON value of octets as files are read: leniently; raises ValueError."""
    return json.loads(data)


def answer(data: bytes) -> Response:
    """Return an answer: a line with its status, header lines, an empty line, the body."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head_text(head).split("\n")
    return Response(_status(first), _headers(lines), body)


def answers(data: bytes) -> list[Response]:
    """Return several answers, at least one."""
    return [answer(one) for one in data.split(BETWEEN_PARTS)]


def exchange(data: bytes) -> Exchange:
    """Return an exchange: an answer, and before it the headers and the body of its request."""
    asked, told = parts(data, 2)
    head, _, body = asked.partition(b"\n\n")
    first, *lines = head_text(head).split("\n")
    target = f"/{first.strip()}".encode("latin-1")
    request = Request("POST" if body else "GET", ISSUER, target, _headers(lines), body)
    return Exchange(request, answer(told), SEEN_AT, 1_000_000, "step")


def _status(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) == len("200") else 200


def _headers(lines: list[str]) -> Headers:
    """Return header lines as pairs; what surrounds a value is not of it (RFC 9112 section 5)."""
    pairs = (line.partition(":") for line in lines)
    return tuple((name, told.strip(" \t\r")) for name, _, told in pairs if name)


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """Return a folder after these files were written into it."""
    folder.mkdir(exist_ok=True)
    for name, octets in files.items():
        (folder / name).write_bytes(octets)
    return folder
