"""Properties of HTTP Basic authentication at the token endpoint (RFC 6749 section 2.3.1).

Whether a client is known shows without a login: it gets tokens of its own, or is told that a code
of nobody is invalid_grant; one that is not known is told nothing of a code.
"""

import base64
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed
from idprobe.flows import token_request
from idprobe.model.exchange import Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.properties.spelling_properties import (
    CLIENT_CREDENTIALS,
    in_any_case,
    own_form,
    respelled,
)
from idprobe.probes.steps.token_requests import client_of, client_using
from idprobe.reading.properties.encodings import (
    OF_KNOWN_CLIENTS,
    flaw_not_authenticated,
    flaw_unknown_client,
)

__all__ = [
    "basic_credentials_garbled",
    "basic_credentials_respelled",
    "basic_scheme_respelled",
    "known_by_basic",
    "unknown_clients",
]

BASIC: Final = "client_secret_basic"
CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})


def asking(provider: Provider) -> Request:
    """Return a request whose answer tells whether the client was known by Basic."""
    if "client_credentials" in provider.client.grant_types:
        return token_request(provider, own_form(provider), method=BASIC)
    form = (
        ("grant_type", "authorization_code"),
        ("code", "idprobe-no-such-code"),
        ("redirect_uri", provider.client.redirect_uri),
    )
    return token_request(provider, form, method=BASIC)


async def known_by_basic(wire: Wire) -> None:
    """Prove that the client is known by its Basic credentials as they are."""
    provider = wire.provider.with_client(client_using(wire, BASIC))
    answer = await wire.send(asking(provider), "control")
    if not answer.is_granted and answer.error not in OF_KNOWN_CLIENTS:
        raise ControlFailed(wire.exchanges[-1], "the client is not known by Basic")


def schemes(_provider: Provider) -> SearchStrategy[tuple[str, int]]:
    """Return the spellings of `Basic`, and how many spaces follow (RFC 9110 section 11.4)."""
    return st.tuples(in_any_case("Basic"), st.integers(1, 3))


@searched(
    schemes,
    flaw_not_authenticated,
    role=Role.WEB,
    needs={Capability.AUTHORIZATION_CODE},
    control=known_by_basic,
)
async def basic_scheme_respelled(wire: Wire, spelling: tuple[str, int]) -> None:
    """Authenticate with `Basic` in any mixture of cases and one to three spaces after it."""
    provider = wire.provider.with_client(client_using(wire, BASIC))
    request, (scheme, spaces) = asking(provider), spelling
    headers = tuple(
        (
            name,
            value.replace("Basic ", scheme + " " * spaces, 1) if name == "Authorization" else value,
        )
        for name, value in request.headers
    )
    await wire.send(replace(request, headers=headers), "respelled")


def spelled_credentials(provider: Provider) -> SearchStrategy[tuple[bytes, bytes]]:
    """Return the spellings of the client's id and secret; the plain ones come first."""
    client = client_of(provider, BASIC)
    return st.tuples(respelled(client.client_id), respelled(client.client_secret or ""))


def _with_basic(request: Request, decoded: bytes, scheme: str = "Basic ") -> Request:
    value = scheme + base64.b64encode(decoded).decode("ascii")
    rest = tuple(pair for pair in request.headers if pair[0] != "Authorization")
    return replace(request, headers=(("Authorization", value), *rest))


@searched(
    spelled_credentials, flaw_not_authenticated, role=Role.WEB, needs=CODE, control=known_by_basic
)
async def basic_credentials_respelled(wire: Wire, halves: tuple[bytes, bytes]) -> None:
    """Authenticate with any characters of id and secret percent-encoded, then as usual."""
    client = client_using(wire, BASIC)
    request = asking(wire.provider.with_client(client))
    async with wire.guessing(client):
        await wire.send(_with_basic(request, b":".join(halves)), "respelled")


def garbled(_provider: Provider) -> SearchStrategy[bytes]:
    """Return octets that are no credentials of anybody: no colon, no UTF-8, no name."""
    odd = st.sampled_from(
        [b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"%", b"%zz", b"%ff", b"\r\n"]
    )
    parts = st.lists(st.one_of(odd, st.binary(max_size=4)), max_size=6).map(b"".join)
    return st.tuples(parts, st.sampled_from([b":", b""])).map(
        lambda one: one[1].join([b"idprobe-", one[0]])
    )


@searched(
    garbled,
    flaw_unknown_client,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def basic_credentials_garbled(wire: Wire, octets: bytes) -> None:
    """Authenticate with Basic credentials that are no text, or have no colon."""
    url = wire.provider.endpoint("token_endpoint")
    request = Request.post_form(url, own_form(wire.provider))
    await wire.send(_with_basic(request, octets), "garbled")


def strange_names(_provider: Provider) -> SearchStrategy[str]:
    """Return identifiers of clients that nobody has, of any letters and signs."""
    text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
    return text.map(lambda name: f"idprobe{name}")


@searched(
    strange_names,
    flaw_unknown_client,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def unknown_clients(wire: Wire, name: str) -> None:
    """Authenticate as a client that nobody knows, its secret in the body."""
    given = (("client_id", name), ("client_secret", "idprobe"))
    form = (*own_form(wire.provider), *given)
    url = wire.provider.endpoint("token_endpoint")
    await wire.send(Request.post_form(url, form), "unknown")
