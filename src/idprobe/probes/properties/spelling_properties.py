"""Properties of the token endpoint: one request in many spellings, each of which has to work."""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.flows import token_request
from idprobe.model.exchange import Pairs, Request, form_encode
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.http.http_framing import written
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.token_requests import scope_of_its_own
from idprobe.reading.properties.encodings import flaw_not_granted

__all__ = [
    "bodies_in_chunks",
    "charset_of_form_respelled",
    "empty_pairs_anywhere",
    "empty_parameters_added",
    "encoded",
    "in_any_case",
    "media_type_respelled",
    "own_form",
    "parameters_reordered",
    "respelled",
    "unknown_parameters_added",
    "unreserved_characters_encoded",
    "with_query",
    "with_text",
    "with_type",
]

CLIENT_CREDENTIALS: Final = frozenset({Capability.CLIENT_CREDENTIALS})
FORM: Final = "application/x-www-form-urlencoded"
OPTIONAL: Final = (
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "username",
    "password",
    "assertion",
    "state",
    "nonce",
    "device_code",
    "subject_token",
    "requested_token_type",
    "idprobe_empty",
)
"""Parameters that a client's own request has no use for: without a value they are not there."""
NAMES: Final = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12)
VALUES: Final = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)


def own_form(provider: Provider) -> Pairs:
    """Return the form by which a client asks for tokens of its own, without authentication."""
    scope = scope_of_its_own(provider.client)
    scopes = (("scope", scope),) if scope else ()
    return (("grant_type", "client_credentials"), *scopes)


def with_text(provider: Provider, text: bytes) -> Request:
    """Return a token request whose form is this text, with the client's authentication added."""
    request = token_request(provider, ())
    more = b"&" + request.body if request.body else b""
    return replace(request, body=text + more)


def with_type(request: Request, media_type: str) -> Request:
    """Return a request with another media type."""
    rest = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
    return replace(request, headers=(("Content-Type", media_type), *rest))


def with_query(request: Request, query: bytes) -> Request:
    """Return a request with more in its query."""
    mark = b"&" if b"?" in request.target else b"?"
    return replace(request, target=request.target + mark + query)


def encoded(pairs: Pairs) -> bytes:
    """Return a form as octets."""
    return form_encode(pairs).encode("ascii")


def spelled(character: str) -> SearchStrategy[bytes]:
    """Return the spellings of a character: as forms have it (`+` for a space), and encoded."""
    octets = character.encode("utf-8")
    plain = encoded((("", character),))[1:]
    upper = b"".join(b"%%%02X" % octet for octet in octets)
    return st.sampled_from(list(dict.fromkeys([plain, upper, upper.lower()])))


def respelled(text: str) -> SearchStrategy[bytes]:
    """Return the spellings of a name or a value."""
    return st.tuples(*map(spelled, text)).map(b"".join)


def in_any_case(text: str) -> SearchStrategy[str]:
    """Return a word with each letter in either case, as it is first."""
    letters = (st.sampled_from(list(dict.fromkeys([c, c.swapcase()]))) for c in text)
    return st.tuples(*letters).map("".join)


def forms_respelled(provider: Provider) -> SearchStrategy[bytes]:
    """Return the spellings of a client's own form."""
    pairs = [
        st.tuples(respelled(name), respelled(value)).map(b"=".join)
        for name, value in own_form(provider)
    ]
    return st.tuples(*pairs).map(b"&".join)


@searched(forms_respelled, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def unreserved_characters_encoded(wire: Wire, text: bytes) -> None:
    """Ask for tokens with any characters of names and values percent-encoded."""
    await wire.send(with_text(wire.provider, text), "respelled")


def orders(provider: Provider) -> SearchStrategy[tuple[int, ...]]:
    """Return the orders of all parameters, two unknown ones and the authentication included."""
    return st.permutations(range(len(_all_pairs(provider)))).map(tuple)


def _all_pairs(provider: Provider) -> Pairs:
    more = (("idprobe_a", "1"), ("idprobe_b", "2"))
    return (*own_form(provider), *more, *token_request(provider, ()).form)


@searched(orders, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def parameters_reordered(wire: Wire, order: tuple[int, ...]) -> None:
    """Ask for tokens with the parameters in any order."""
    pairs = _all_pairs(wire.provider)
    request = token_request(wire.provider, ())
    body = encoded(tuple(pairs[place] for place in order))
    await wire.send(replace(request, body=body), "reordered")


def unknown_parameters(_provider: Provider) -> SearchStrategy[Pairs]:
    """Return up to three parameters that nobody knows; a prefix keeps them strange."""
    names = NAMES.map(lambda text: f"idprobe{text}")
    pairs = st.tuples(names, VALUES)
    return st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0]).map(tuple)


@searched(unknown_parameters, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def unknown_parameters_added(wire: Wire, pairs: Pairs) -> None:
    """Ask for tokens with parameters that nobody knows, of any letters and signs."""
    await wire.send(token_request(wire.provider, (*own_form(wire.provider), *pairs)), "added")


def empty_parameters(_provider: Provider) -> SearchStrategy[list[tuple[str, str]]]:
    """Return parameters without a value, each with its equals sign or without."""
    return st.lists(
        st.tuples(st.sampled_from(OPTIONAL), st.sampled_from(["=", ""])),
        max_size=4,
        unique_by=lambda pair: pair[0],
    )


@searched(empty_parameters, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def empty_parameters_added(wire: Wire, empty: list[tuple[str, str]]) -> None:
    """Ask for tokens with parameters of other grants that have no value."""
    parts = [encoded(own_form(wire.provider)), *(f"{n}{sign}".encode() for n, sign in empty)]
    await wire.send(with_text(wire.provider, b"&".join(parts)), "added")


def ampersands(provider: Provider) -> SearchStrategy[tuple[int, ...]]:
    """Return how many ampersands stand before, between and after the parameters."""
    gaps = [st.integers(1, 6) for _ in own_form(provider)[1:]]
    return st.tuples(st.integers(0, 5), *gaps, st.integers(0, 5))


@searched(ampersands, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def empty_pairs_anywhere(wire: Wire, counts: tuple[int, ...]) -> None:
    """Ask for tokens with any number of ampersands around the parameters."""
    first, *others = counts
    pairs = [encoded((pair,)) for pair in own_form(wire.provider)]
    text = b"&" * first + b"".join(
        pair + b"&" * count for pair, count in zip(pairs, others, strict=True)
    )
    await wire.send(with_text(wire.provider, text), "surrounded")


def media_types(_provider: Provider) -> SearchStrategy[str]:
    """Return the media type of forms, each letter in either case."""
    return in_any_case(FORM)


@searched(media_types, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def media_type_respelled(wire: Wire, media_type: str) -> None:
    """Ask for tokens with the media type in any mixture of cases."""
    request = token_request(wire.provider, own_form(wire.provider))
    await wire.send(with_type(request, media_type), "respelled")


def charsets(_provider: Provider) -> SearchStrategy[str]:
    """Return parameters of a media type that say UTF-8 (RFC 9110 section 8.3.1)."""
    space = st.sampled_from(["", " ", "\t", "  "])
    quote = st.sampled_from(["", '"'])
    word, value = in_any_case("charset"), in_any_case("utf-8")
    parts = st.tuples(space, space, word, quote, value)
    return parts.map(lambda one: f"{one[0]};{one[1]}{one[2]}={one[3]}{one[4]}{one[3]}")


@searched(charsets, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def charset_of_form_respelled(wire: Wire, charset: str) -> None:
    """Ask for tokens by a form that is said to be UTF-8, in any spelling of that."""
    request = token_request(wire.provider, own_form(wire.provider))
    await wire.send(with_type(request, f"{FORM}{charset}"), "respelled")


@dataclass(frozen=True, slots=True)
class Chunks:
    """How a body is cut into chunks, and how the header lines around that are spelled."""

    cuts: frozenset[int]
    coding: str
    size_digits: int
    connection: str


def chunkings(_provider: Provider) -> SearchStrategy[Chunks]:
    """Return ways to send a body in chunks (RFC 9112 section 7.1)."""
    return st.builds(
        Chunks,
        st.frozensets(st.integers(1, 40), max_size=4),
        in_any_case("chunked"),
        st.integers(1, 4),
        st.sampled_from(["close", "keep-alive", "Close", "Keep-Alive"]),
    )


def chunked(body: bytes, chunks: Chunks) -> bytes:
    """Return a body in chunks that end at the cuts."""
    ends = [0, *sorted(cut for cut in chunks.cuts if cut < len(body)), len(body)]
    pieces = [body[start:end] for start, end in pairwise(ends)]
    sized = (b"%0*x\r\n%b\r\n" % (chunks.size_digits, len(piece), piece) for piece in pieces)
    return b"".join(sized) + b"0\r\n\r\n"


@searched(chunkings, flaw_not_granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def bodies_in_chunks(wire: Wire, chunks: Chunks) -> None:
    """Ask for tokens by a body in chunks, on a connection that is kept or not."""
    request = token_request(wire.provider, own_form(wire.provider))
    lines = (("Transfer-Encoding", chunks.coding), ("Connection", chunks.connection))
    whole = written(wire, replace(request, body=chunked(request.body, chunks)), *lines)
    await wire.send_raw(whole, "chunked")
