"""Properties of the token endpoint: requests that it has to refuse, however they are spelled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import token_request
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.properties.spelling_properties import (
    CLIENT_CREDENTIALS,
    encoded,
    in_any_case,
    own_form,
    respelled,
    with_query,
    with_text,
)
from idprobe.probes.steps.authorization_request import by_get
from idprobe.reading.properties.encodings import (
    flaw_in_error_description,
    flaw_repeated_parameter,
    flaw_tokens_given,
    flaw_unknown_client,
    flaw_unknown_grant,
    flaw_unknown_grant_type,
)

__all__ = [
    "authentication_doubled",
    "codes_of_nobody",
    "credentials_in_the_query",
    "errors_described",
    "grant_types_nearly_right",
    "grant_types_of_nobody",
    "methods_overridden",
    "parameters_repeated",
    "refresh_tokens_of_nobody",
]

GRANT: Final = "client_credentials"
CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
REFRESH: Final = CODE | {Capability.REFRESH_TOKEN}
TEXT: Final = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
LONG: Final = st.sampled_from([60, 130, 255, 256, 257, 1000, 2049]).map(lambda count: "x" * count)
METHODS: Final = (
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-Method",
    "X-Rewrite-Method",
)


def _overlong(character: str) -> bytes:
    """Return an ASCII character as two octets, which UTF-8 forbids (RFC 3629 section 3)."""
    return b"%%C%X%%%02X" % (ord(character) >> 6, 0x80 | ord(character) & 0x3F)


def nearly_right(_provider: Provider) -> SearchStrategy[bytes]:
    """Return spellings of what is nearly `client_credentials`, and is not."""
    strange = st.sampled_from(
        [
            b"%00",
            b"%20",
            b"+",
            b"%09",
            b"%0A",
            b"%0D",
            b"%C2%A0",
            b"%E2%80%8B",
            b"%EF%BB%BF",
            b"%7F",
        ]
    )
    places = st.sampled_from([len(GRANT), 0, len(GRANT) // 2])
    inserted = st.tuples(strange, places).map(
        lambda one: GRANT[: one[1]].encode() + one[0] + GRANT[one[1] :].encode()
    )
    ended = st.tuples(st.sampled_from([b"%00", b"%0A"]), st.binary(max_size=3)).map(
        lambda one: GRANT.encode() + one[0] + b"".join(b"%%%02X" % octet for octet in one[1])
    )
    cased = in_any_case(GRANT).filter(lambda text: text != GRANT).map(str.encode)
    twice = respelled("_").map(
        lambda text: GRANT.encode().replace(b"_", text.replace(b"%", b"%25"))
    )
    overlong = st.sampled_from(sorted(set(GRANT))).map(
        lambda one: GRANT.encode().replace(one.encode(), _overlong(one), 1)
    )
    cut = st.integers(1, len(GRANT) - 1).map(lambda end: GRANT[:end].encode())
    wrong = st.one_of(inserted, ended, cased, twice, overlong, cut)
    return wrong.filter(lambda text: text != GRANT.encode())


@searched(
    nearly_right,
    flaw_unknown_grant_type,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def grant_types_nearly_right(wire: Wire, value: bytes) -> None:
    """Ask with a grant type that differs in case, in a stray sign, or by one encoding too many."""
    rest = encoded(own_form(wire.provider)[1:])
    await wire.send(with_text(wire.provider, b"grant_type=" + value + b"&" + rest), "nearly")


def any_text(kind: str) -> Callable[[Provider], SearchStrategy[str]]:
    """Return what nobody has issued or registered: any text, short or long, after its kind."""

    def texts(_provider: Provider) -> SearchStrategy[str]:
        return st.one_of(TEXT, LONG).map(lambda text: f"idprobe-{kind}{text}")

    return texts


@searched(
    any_text("grant"),
    flaw_unknown_grant_type,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def grant_types_of_nobody(wire: Wire, text: str) -> None:
    """Ask with grant types that nobody has, of any letters and signs."""
    await wire.send(token_request(wire.provider, (("grant_type", text),)), "unknown")


@searched(
    any_text("scope"),
    flaw_in_error_description,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def errors_described(wire: Wire, text: str) -> None:
    """Provoke errors with any letters and signs, which a description may repeat."""
    form = (("grant_type", "client_credentials"), ("scope", text))
    await wire.send(token_request(wire.provider, form), "described")


@searched(
    any_text("code"),
    flaw_unknown_grant,
    role=Role.WEB,
    needs=CODE,
    logs_in=True,
)
async def codes_of_nobody(wire: Wire, text: str) -> None:
    """Redeem codes that nobody issued, of any letters and signs."""
    uri = ("redirect_uri", wire.provider.client.redirect_uri)
    form = (("grant_type", "authorization_code"), ("code", text), uri)
    await wire.send(token_request(wire.provider, form), "unknown")


@searched(
    any_text("refresh"),
    flaw_unknown_grant,
    role=Role.WEB,
    needs=REFRESH,
    logs_in=True,
)
async def refresh_tokens_of_nobody(wire: Wire, text: str) -> None:
    """Refresh with tokens that nobody issued, of any letters and signs."""
    form = (("grant_type", "refresh_token"), ("refresh_token", text))
    await wire.send(token_request(wire.provider, form), "unknown")


def repetitions(provider: Provider) -> SearchStrategy[tuple[bytes, int]]:
    """Return a parameter that is there already, its name in any spelling, and where it goes."""
    pairs = [(name, text) for name, value in own_form(provider) for text in (value, "idprobe")]
    again = st.sampled_from(pairs).flatmap(
        lambda pair: respelled(pair[0]).map(lambda name: name + encoded((("", pair[1]),)))
    )
    return st.tuples(again, st.integers(0, len(own_form(provider))))


@searched(
    repetitions,
    flaw_repeated_parameter,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def parameters_repeated(wire: Wire, repetition: tuple[bytes, int]) -> None:
    """Repeat a parameter, its name in any spelling, anywhere, with its value or another one."""
    again, place = repetition
    pairs = [encoded((pair,)) for pair in own_form(wire.provider)]
    pairs.insert(place, again)
    await wire.send(with_text(wire.provider, b"&".join(pairs)), "repeated")


def _secret(provider: Provider) -> str:
    secret = provider.client.client_secret
    if secret is None:
        raise Unsuited(f"the client {provider.client.name} has no secret to send twice")
    return secret


def doublings(provider: Provider) -> SearchStrategy[tuple[tuple[bytes, bytes], bool]]:
    """Return how the names of the second authentication are spelled, and where it stands."""
    _secret(provider)
    names = st.tuples(respelled("client_id"), respelled("client_secret"))
    return st.tuples(names, st.booleans())


@searched(
    doublings,
    flaw_unknown_client,
    role=Role.SERVICE,
    needs=CLIENT_CREDENTIALS,
)
async def authentication_doubled(wire: Wire, doubling: tuple[tuple[bytes, bytes], bool]) -> None:
    """Authenticate in the body and by Basic at once, the right secret in both."""
    provider, ((name, word), first) = wire.provider, doubling
    secret = encoded((("", _secret(provider)),))[1:]
    client_id = encoded((("", provider.client.client_id),))[1:]
    second = name + b"=" + client_id + b"&" + word + b"=" + secret
    form = encoded(own_form(provider))
    request = token_request(provider, (), method="client_secret_basic")
    parts = (second, form) if first else (form, second)
    await wire.send(replace(request, body=b"&".join(parts)), "doubled")


def queries(provider: Provider) -> SearchStrategy[tuple[bytes, bytes]]:
    """Return the spellings of the credentials' names."""
    _secret(provider)
    return st.tuples(respelled("client_id"), respelled("client_secret"))


@searched(queries, flaw_tokens_given, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def credentials_in_the_query(wire: Wire, names: tuple[bytes, bytes]) -> None:
    """Authenticate by the right credentials in the query, their names in any spelling."""
    provider = wire.provider
    pairs = ((("", provider.client.client_id),), (("", _secret(provider)),))
    values = [encoded(pair)[1:] for pair in pairs]
    query = b"&".join(name + b"=" + value for name, value in zip(names, values, strict=True))
    request = Request.post_form(provider.endpoint("token_endpoint"), own_form(provider))
    async with wire.guessing(provider.client):
        await wire.send(with_query(request, query), "asked")
        await wire.send(token_request(provider, own_form(provider)), "right")


def overrides(_provider: Provider) -> SearchStrategy[Pairs]:
    """Return header fields and parameters that ask for another method than the one used."""
    posts = st.sampled_from(["POST", "post", "Post"])
    pairs = st.tuples(st.sampled_from([*METHODS, "_method", "method"]), posts)
    return st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0]).map(tuple)


@searched(overrides, flaw_tokens_given, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def methods_overridden(wire: Wire, pairs: Pairs) -> None:
    """Ask by GET, and say in header fields or parameters that POST is meant."""
    form = tuple(pair for pair in pairs if pair[0] not in METHODS)
    request = by_get(token_request(wire.provider, (*own_form(wire.provider), *form)))
    headers = [pair for pair in pairs if pair[0] in METHODS]
    await wire.send(request.with_headers(*headers), "get")
