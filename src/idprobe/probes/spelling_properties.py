"""Properties of the token endpoint: one request in many spellings (URL standard, section 5.1)."""

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.exchange import Pairs, Request
from idprobe.flows import token_request
from idprobe.probes.honest import scope_of_its_own
from idprobe.probes.properties import searched
from idprobe.profile import Capability, Provider, Role
from idprobe.reading.encodings import granted
from idprobe.wire import Wire

__all__ = ["unreserved_characters_encoded"]

CLIENT_CREDENTIALS: Final = frozenset({Capability.CLIENT_CREDENTIALS})


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


def spelled(character: str) -> SearchStrategy[bytes]:
    """Return the spellings of a character: as it is (`+` for a space), or percent-encoded."""
    octets = character.encode("utf-8")
    plain = b"+" if character == " " else octets
    upper = b"".join(b"%%%02X" % octet for octet in octets)
    return st.sampled_from(list(dict.fromkeys([plain, upper, upper.lower()])))


def respelled(text: str) -> SearchStrategy[bytes]:
    """Return the spellings of a name or a value."""
    return st.tuples(*map(spelled, text)).map(b"".join)


def forms_respelled(provider: Provider) -> SearchStrategy[bytes]:
    """Return the spellings of a client's own form."""
    pairs = [
        st.tuples(respelled(name), respelled(value)).map(b"=".join)
        for name, value in own_form(provider)
    ]
    return st.tuples(*pairs).map(b"&".join)


@searched(forms_respelled, granted, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def unreserved_characters_encoded(wire: Wire, text: bytes) -> None:
    """Ask for tokens with any characters of names and values percent-encoded."""
    await wire.send(with_text(wire.provider, text), "respelled")
