"""How clients prove who they are at the token endpoint, and what must not count as proof."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    authorize,
    basic_credentials,
    redeem,
    redemption,
    token_request,
)
from idprobe.model.exchange import Pairs, Request, form_encode
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.token_requests import (
    JSON,
    WRONG_SECRET,
    can_get_tokens,
    client_using,
    honest_form,
    honest_tokens,
    with_secret,
)

__all__ = [
    "assertion_for_another_client",
    "basic_authentication",
    "body_authentication",
    "confidential_client_unproven",
    "public_client_unnamed",
    "secret_in_header",
    "secret_with_marks",
]

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"


@probe(needs={Capability.SECRET_BASIC}, logs_in=True)
async def secret_in_header(wire: Wire) -> None:
    """Authenticate by HTTP Basic and take whatever comes; step `tokens`."""
    provider = wire.provider.with_client(client_using(wire, BASIC))
    await wire.send(token_request(provider, await honest_form(wire, provider)), "tokens")


@probe(needs={Capability.SECRET_BASIC}, logs_in=True)
async def basic_authentication(wire: Wire) -> None:
    """Authenticate by HTTP Basic: in other spellings, twice over, and wrongly.

    Steps: `scheme_in_lower_case`, `scheme_in_capitals`, `body_too`, `in_query`, `wrong_secret`,
    `unknown_client`, `body_instead`, those of MALFORMED, `client_id_of_another`; the right
    credentials work after each wrong one.
    """
    provider = wire.provider.with_client(client_using(wire, BASIC))
    client_id, secret = provider.client.client_id, provider.client.client_secret or ""
    body = (("client_id", client_id), ("client_secret", secret))
    for step, spell in SPELLINGS.items():
        request = token_request(provider, await honest_form(wire, provider))
        await wire.send(_with_scheme(request, spell), step)
    form = await honest_form(wire, provider)
    await wire.send(token_request(provider, (*form, *body)), "body_too")
    await _guess(wire, provider, "in_query", _in_query)
    await _guess(wire, provider, "wrong_secret", _wrong_secret)
    await _guess(wire, provider, "unknown_client", _unknown_client)
    await _guess(wire, provider, "body_instead", _in_body)
    for step, values in MALFORMED.items():
        await _guess(wire, provider, step, _with_header(*values))
    others = [one for one in provider.profile.clients.values() if one.client_id != client_id]
    if others:
        able = [one for one in others if set(provider.client.grant_types) & set(one.grant_types)]
        own = "client_credentials" in provider.client.grant_types
        other = min(
            able or others, key=lambda one: ("client_credentials" in one.grant_types) != own
        )
        form = (*await honest_form(wire, provider), ("client_id", other.client_id))
        await wire.send(token_request(provider, form), "client_id_of_another")


@probe(needs={Capability.SECRET_POST}, logs_in=True)
async def body_authentication(wire: Wire) -> None:
    """Authenticate in the body: with client_id twice, in the query instead, and wrongly.

    Steps: `in_query`, `wrong_secret`, `unknown_client`, `client_id_twice`.
    """
    provider = wire.provider.with_client(client_using(wire, POST))
    form = await honest_form(wire, provider)
    named = (("client_id", provider.client.client_id), *form)
    secret = ("client_secret", provider.client.client_secret or "")
    again = Request.post_form(
        provider.endpoint("token_endpoint"), (*named, secret, named[0]), headers=(JSON,)
    )
    await wire.send(again, "client_id_twice")
    await _guess(wire, provider, "in_query", _in_query)
    await _guess(wire, provider, "wrong_secret", _wrong_secret)
    await _guess(wire, provider, "unknown_client", _unknown_client)


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def confidential_client_unproven(wire: Wire) -> None:
    """Redeem codes of a confidential client with less than its credentials.

    Steps: `client_id_alone`, `nothing`, `empty_secret`, `wrong_secret`; a sibling code is redeemed
    with the right credentials after each (`control`).
    """
    provider = wire.provider
    for step, build in UNPROVEN.items():
        authorized = await wire.run(authorize(provider))
        form = redemption(provider, authorized, method="none").form
        bare = tuple(pair for pair in form if pair[0] != "client_id")
        async with wire.guessing(provider.client):
            await wire.send(build(provider, bare), step)
            await honest_tokens(wire, provider)


@probe(role=Role.PUBLIC, needs={Capability.PUBLIC_CLIENT}, logs_in=True)
async def public_client_unnamed(wire: Wire) -> None:
    """Redeem a public client's code without a client_id; step `nameless`, then one rightly."""
    authorized = await wire.run(authorize(wire.provider))
    form = redemption(wire.provider, authorized).form
    nameless = tuple(pair for pair in form if pair[0] != "client_id")
    url = wire.provider.endpoint("token_endpoint")
    await wire.send(Request.post_form(url, nameless, headers=(JSON,)), "nameless")
    sibling = await wire.run(authorize(wire.provider))
    await wire.run(redeem(wire.provider, sibling))


@probe(needs={Capability.SECRET_BASIC}, logs_in=True)
async def secret_with_marks(wire: Wire) -> None:
    """Authenticate by Basic with a secret that form-encoding changes: `encoded`, `raw`, `colon`."""
    provider = wire.provider
    for client in provider.profile.clients.values():
        secret = client.client_secret or ""
        if client.token_endpoint_auth_method == BASIC and ":" in secret and "%" in secret:
            break
    else:
        raise Unsuited('no client that uses client_secret_basic has a secret with ":" and "%"')
    provider = provider.with_client(client)
    async with wire.guessing(client):
        form = await honest_form(wire, provider)
        await wire.send(token_request(provider, form), "encoded")
        octets = f"{client.client_id}:{secret}".encode()
        raw = ("Authorization", f"Basic {b64encode(octets).decode('ascii')}")
        url = provider.endpoint("token_endpoint")
        form = await honest_form(wire, provider)
        await wire.send(Request.post_form(url, form, headers=(raw, JSON)), "raw")
        form = await honest_form(wire, provider)
        await wire.send(_with_colon(provider, form), "colon")
        form = await honest_form(wire, provider)
        await wire.send(token_request(provider, form), "encoded_again")


def with_colons(credentials: bytes) -> bytes:
    """Return form-encoded Basic credentials with the colons of the password, and no others."""
    name, _, password = credentials.partition(b":")
    return name + b":" + password.replace(b"%3A", b":")


def _with_colon(provider: Provider, form: Pairs) -> Request:
    """Return a request whose Basic password has its colons as they are, and the rest encoded."""
    _, value = basic_credentials(provider.client.client_id, provider.client.client_secret or "")
    octets = with_colons(b64decode(value.partition(" ")[2]))
    header = ("Authorization", f"Basic {b64encode(octets).decode('ascii')}")
    url = provider.endpoint("token_endpoint")
    return Request.post_form(url, form, headers=(header, JSON))


@probe(
    role=Role.SIGNED,
    others=(Role.SECOND,),
    needs={Capability.SIGNED_CLIENT, Capability.SECOND_CLIENT},
    logs_in=True,
)
async def assertion_for_another_client(wire: Wire) -> None:
    """Authenticate by a right assertion under another client's client_id; step `other_name`."""
    provider, other = wire.provider, wire.acting_as(Role.SECOND).client
    if not can_get_tokens(provider.client):
        raise Unsuited("the client with a key has no grant to try it with")
    await honest_tokens(wire, provider)
    form = await honest_form(wire, provider)
    async with wire.guessing(other):
        request = token_request(provider, (*form, ("client_id", other.client_id)))
        await wire.send(request, "other_name")
        await honest_tokens(wire, provider)


Form = tuple[tuple[str, str], ...]
Build = Callable[[Provider, Form], Request]


def _nothing(provider: Provider, form: Form) -> Request:
    return Request.post_form(provider.endpoint("token_endpoint"), form, headers=(JSON,))


def _client_id_alone(provider: Provider, form: Form) -> Request:
    return token_request(provider, form, method="none")


def _empty_secret(provider: Provider, form: Form) -> Request:
    return with_secret(provider, form, "")


def _empty_secret_in_header(provider: Provider, form: Form) -> Request:
    header = basic_credentials(provider.client.client_id, "")
    return Request.post_form(provider.endpoint("token_endpoint"), form, headers=(header, JSON))


def _empty_secret_in_body(provider: Provider, form: Form) -> Request:
    named = (("client_id", provider.client.client_id), ("client_secret", ""))
    url = provider.endpoint("token_endpoint")
    return Request.post_form(url, (*form, *named), headers=(JSON,))


def _empty_client_id(provider: Provider, form: Form) -> Request:
    """Return a request with the right secret of nobody, in the client's own way."""
    nobody = provider.with_client(replace(provider.client, client_id=""))
    return token_request(nobody, form)


def _wrong_secret(provider: Provider, form: Form) -> Request:
    return with_secret(provider, form, WRONG_SECRET)


def _unknown_client(provider: Provider, form: Form) -> Request:
    return with_secret(provider, form, WRONG_SECRET, "idprobe-no-such-client")


def _in_body(provider: Provider, form: Form) -> Request:
    return token_request(provider, form, method=POST)


def _in_query(provider: Provider, form: Form) -> Request:
    """Return a request with the right credentials in the request URI alone."""
    client = provider.client
    pairs = (("client_id", client.client_id), ("client_secret", client.client_secret or ""))
    request = Request.post_form(provider.endpoint("token_endpoint"), form, headers=(JSON,))
    joint = b"&" if b"?" in request.target else b"?"
    return replace(request, target=request.target + joint + form_encode(pairs).encode("ascii"))


def _with_header(*values: str) -> Build:
    """Return what builds a request with these Authorization headers."""

    def build(provider: Provider, form: Form) -> Request:
        headers = tuple(("Authorization", value) for value in values)
        url = provider.endpoint("token_endpoint")
        return Request.post_form(url, form, headers=(*headers, JSON))

    return build


MALFORMED: Final[Mapping[str, tuple[str, ...]]] = {
    "scheme_only": ("Basic",),
    "bad_base64": ("Basic !!!",),
    "no_colon": (f"Basic {b64encode(b'idprobe').decode()}",),
    "not_utf_8": (f"Basic {b64encode(bytes([0xFF, 0xFE, 0x3A, 0xFF])).decode()}",),
}

UNPROVEN: Final[Mapping[str, Build]] = {
    "client_id_alone": _client_id_alone,
    "nothing": _nothing,
    "empty_secret": _empty_secret,
    "empty_secret_in_header": _empty_secret_in_header,
    "empty_secret_in_body": _empty_secret_in_body,
    "empty_client_id": _empty_client_id,
    "wrong_secret": _wrong_secret,
}

SPELLINGS: Final[Mapping[str, str]] = {
    "scheme_in_lower_case": "basic",
    "scheme_in_capitals": "BASIC",
}


def _with_scheme(request: Request, scheme: str) -> Request:
    """Return the request with its authentication scheme spelled so."""
    headers = tuple(
        (name, f"{scheme} {value.partition(' ')[2]}" if name == "Authorization" else value)
        for name, value in request.headers
    )
    return replace(request, headers=headers)


async def _guess(wire: Wire, provider: Provider, step: str, build: Build) -> None:
    """Send one request with credentials that must not count, then prove that the right ones do."""
    form = await honest_form(wire, provider)
    async with wire.guessing(provider.client):
        await wire.send(build(provider, form), step)
        await honest_tokens(wire, provider)
