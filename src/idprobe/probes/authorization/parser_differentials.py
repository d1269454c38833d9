"""Redirect URIs that two parsers read in two ways, and requests that name several."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import quote, urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import ending, human_step, without
from idprobe.flows.authorization import authorization_request
from idprobe.model.exchange import Pairs, form_encode
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import approval, ordinary, tried

__all__ = [
    "public_redirects",
    "redirect_uri_confusions",
    "redirect_uri_of_another_client",
    "redirect_uris_in_conflict",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
HOST: Final = "attacker.idprobe.example"
ATTACKER: Final = f"https://{HOST}/cb"
PADDING: Final = 8_000
SIGNS: Final = {
    "nul": "\0",
    "tab": "\t",
    "newline": "\n",
    "return": "\r",
    "blank": " ",
    "soft-hyphen": "\u00ad",
}
SCRIPTS: Final = {
    "visual-basic": "vbscript:msgbox(1)",
    "script": "javascript:alert(1)",
    "data": "data:text/html,idprobe",
    "file": "file:///etc/passwd",
    "own-scheme": "com.example.idprobe.attacker:/cb",
}
LOOPBACK_LOOKALIKES: Final = {
    "localhost": "http://localhost/cb",
    "loopback": "http://127.0.0.1/cb",
    "localhost-prefix": f"http://localhost.{HOST}/cb",
    "loopback-prefix": f"http://127.0.0.1.{HOST}/cb",
    "localhost-as-user": f"http://localhost:80@{HOST}/cb",
}


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uri_confusions(wire: Wire) -> None:
    """Ask with redirect URIs that parsers disagree about; a step for each."""
    await wire.run(approval(wire.provider), "authorize")
    for step, uri in confusions(wire.provider.client.redirect_uri):
        if uri not in wire.provider.client.redirect_uris:
            await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", uri),)))
    await wire.run(approval(wire.provider), "control")


def confusions(uri: str) -> Iterator[tuple[str, str]]:
    """Yield URIs made of a registered one, by the name of what could confuse."""
    yield from SCRIPTS.items()
    yield from LOOPBACK_LOOKALIKES.items()
    parts = urlsplit(uri)
    host, rest = parts.netloc, f"{parts.path}?{parts.query}" if parts.query else parts.path
    yield "encoded-at", f"{parts.scheme}://{quote(host, safe='')}%40{HOST}/cb"
    yield "whole-as-user", f"{parts.scheme}://{quote(uri, safe='')}@{HOST}/cb"
    yield "user-alone", f"{host}@{HOST}/cb"
    yield "user-alone-encoded", quote(f"{host}@{HOST}/cb", safe="")
    yield "two-ats", f"{parts.scheme}://{HOST}@{host}@{HOST}/cb"
    yield "slashes-turned", f"{parts.scheme}:\\\\{HOST}\\@{host}{rest}"
    yield "path-backslash", f"/\\{HOST}/cb"
    yield "fragment-host", f"{parts.scheme}://{HOST}#@{host}{rest}"
    yield "query-host", f"{parts.scheme}://{HOST}?@{host}{rest}"
    yield "full-width-dot", uri.replace(host, host.replace(".", "\uff0e"), 1)
    yield "full-width-slash", uri.replace("/", "\uff0f")
    yield "circled-letter", uri.replace(host, f"{_circled(host[0])}{host[1:]}", 1)
    for name, sign in SIGNS.items():
        yield f"{name}-at-start", f"{sign}{uri}"
        yield f"{name}-inside", uri.replace(host, f"{host[:3]}{sign}{host[3:]}", 1)
        yield f"{name}-at-end", f"{uri}{sign}"
    yield "zero", f"{uri}\0"
    yield "space", f"{uri} "
    yield "space-before", f" {uri}"
    yield "line", f"{uri}\r\nX-Idprobe: injected"
    yield "tab-inside", uri.replace(host, f"{host[:1]}\t{host[1:]}", 1)
    yield "wildcard", f"{parts.scheme}://{host}/*"
    yield "pattern", f"{parts.scheme}://{host}/.*"
    yield "question-mark", f"{uri}?" if not parts.query else f"{uri}&"
    yield "dot", f"{uri}."
    folder = parts.path.rpartition("/")[0]
    for name, path in (
        ("semicolon-dots", f"{parts.path}/..;/idprobe"),
        ("half-encoded-dots", f"{parts.path}/.%2e/idprobe"),
        ("parameter-dots", f"{parts.path};a=b/../idprobe"),
        ("encoded-backslash", f"{parts.path}/%2e%2e%5cidprobe"),
        ("encoded-slash", f"{folder}%2F..%2Fidprobe"),
        ("twice-encoded", f"{parts.path}/%252e%252e/idprobe"),
    ):
        yield name, parts._replace(path=path).geturl()
    yield "attached-code", f"{uri}{'&' if parts.query else '?'}code=idprobe-attacker"
    yield "padded", f"{uri}/{'a' * PADDING}/../../{HOST}"


def _circled(letter: str) -> str:
    """Return a letter in a circle, which names of hosts fold to the letter."""
    folds = letter.isascii() and letter.isalpha()
    return chr(0x24D0 + ord(letter.lower()) - ord("a")) if folds else "\u24b6"


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def redirect_uris_in_conflict(wire: Wire) -> None:
    """Name a foreign redirect URI beside the registered one, in every place; a step for each."""
    await wire.run(approval(wire.provider), "authorize")
    usual = ordinary(wire.provider)
    foreign = ("redirect_uri", ATTACKER)
    await tried(wire, "foreign-last", (*usual, foreign))
    await tried(wire, "foreign-first", (foreign, *ordinary(wire.provider)))
    for name in ("redirect_uri[]", "redirect_uri[0]", "redirect_uri.0"):
        await tried(wire, f"as-{name}", (*ordinary(wire.provider), (name, ATTACKER)))
    await _split(wire, "foreign-in-query", (foreign,), ordinary(wire.provider))
    body = (*without(ordinary(wire.provider), "redirect_uri"), foreign)
    registered = ("redirect_uri", wire.provider.client.redirect_uri)
    await _split(wire, "foreign-in-body", (registered,), body)
    await wire.run(approval(wire.provider), "control")


async def _split(wire: Wire, step: str, query: Pairs, body: Pairs) -> None:
    """Post an authorization request that has parameters in its query too."""
    request = authorization_request(wire.provider, body, "POST")
    joint = b"&" if b"?" in request.target else b"?"
    target = request.target + joint + form_encode(query).encode("ascii")
    await wire.run(ending(human_step(wire.provider, replace(request, target=target))), step)


@probe(role=Role.WEB, others=(Role.SECOND,), needs=CODE | {Capability.SECOND_CLIENT}, logs_in=True)
async def redirect_uri_of_another_client(wire: Wire) -> None:
    """Ask with a redirect URI that only another client has registered; step `of-another`."""
    own, other = wire.provider.client, wire.acting_as(Role.SECOND).client
    uri = next((one for one in other.redirect_uris if one not in own.redirect_uris), None)
    if uri is None:
        raise Unsuited(f"client {other.name} has no redirect_uri that {own.name} has not as well")
    await wire.run(approval(wire.provider), "authorize")
    await tried(wire, "of-another", ordinary(wire.provider, extra=(("redirect_uri", uri),)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.PUBLIC, needs=CODE | {Capability.PUBLIC_CLIENT}, logs_in=True)
async def public_redirects(wire: Wire) -> None:
    """Ask as a public client with URIs that it has not registered; `foreign`, `longer`, `query`."""
    await wire.run(approval(wire.provider), "authorize")
    uri = wire.provider.client.redirect_uri
    joint = "&" if urlsplit(uri).query else "?"
    others = {"foreign": ATTACKER, "longer": f"{uri}/idprobe", "query": f"{uri}{joint}idprobe=1"}
    for step, other in others.items():
        await tried(wire, step, ordinary(wire.provider, extra=(("redirect_uri", other),)))
    await wire.run(approval(wire.provider), "control")
