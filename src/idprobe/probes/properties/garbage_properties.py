"""Properties of the token endpoint: whatever comes, the answer is tokens or an OAuth error."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.flows import token_request
from idprobe.model.profile import Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.properties.spelling_properties import (
    CLIENT_CREDENTIALS,
    encoded,
    own_form,
    with_text,
    with_type,
)
from idprobe.reading.properties.encodings import flaw_in_answer

__all__ = [
    "forms_with_broken_percents",
    "forms_with_broken_utf_8",
    "forms_with_long_values",
    "media_types_of_all_kinds",
]

BROKEN: Final = (
    b"%FF",
    b"%C0%AF",
    b"%C0%80",
    b"%E0%80%AF",
    b"%ED%A0%80",
    b"%ED%BF%BF",
    b"%ED%A0%BD%ED%B8%80",
    b"%F4%90%80%80",
    b"%F8%88%80%80%80",
    b"%E2%82",
    b"%80",
    b"%EF%BF%BF",
)
"""Octets that are no UTF-8, or hardly: overlong forms, surrogates, sequences cut short."""
PERCENTS: Final = (b"%", b"%4", b"%G1", b"%4G", b"%%", b"%u0041", b"%25%", b"% 41", b"%+1", b"%-1")
LENGTHS: Final = (255, 256, 1023, 1024, 2047, 4095, 4096, 8190, 8191, 8192, 16_383, 16_384, 32_767)


def mixtures(pieces: tuple[bytes, ...]) -> SearchStrategy[tuple[bytes, bool]]:
    """Return these pieces between plain letters, and whether as a name or as a value."""
    parts = st.lists(st.sampled_from([b"a", *pieces]), min_size=1, max_size=4).map(b"".join)
    return st.tuples(parts, st.booleans())


def broken_text(_provider: Provider) -> SearchStrategy[tuple[bytes, bool]]:
    """Return octets that are no UTF-8, percent-encoded."""
    return mixtures(BROKEN)


def broken_percents(_provider: Provider) -> SearchStrategy[tuple[bytes, bool]]:
    """Return percent signs that no two hexadecimal digits follow."""
    return mixtures(PERCENTS)


async def _with_strange(wire: Wire, strange: tuple[bytes, bool]) -> None:
    text, is_name = strange
    pair = text + b"=1" if is_name else b"idprobe=" + text
    form = encoded(own_form(wire.provider))
    await wire.send(with_text(wire.provider, form + b"&" + pair), "strange")


@searched(broken_text, flaw_in_answer, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def forms_with_broken_utf_8(wire: Wire, strange: tuple[bytes, bool]) -> None:
    """Ask for tokens with an unknown parameter that is no UTF-8."""
    await _with_strange(wire, strange)


@searched(broken_percents, flaw_in_answer, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def forms_with_broken_percents(wire: Wire, strange: tuple[bytes, bool]) -> None:
    """Ask for tokens with an unknown parameter whose percent signs are broken."""
    await _with_strange(wire, strange)


def long_values(_provider: Provider) -> SearchStrategy[tuple[str, int]]:
    """Return the name of a parameter, and the length of its value."""
    names = st.sampled_from(["idprobe", "scope", "state", "redirect_uri"])
    return st.tuples(names, st.one_of(st.sampled_from(LENGTHS), st.integers(1, 40_000)))


@searched(long_values, flaw_in_answer, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def forms_with_long_values(wire: Wire, long: tuple[str, int]) -> None:
    """Ask for tokens with one value of up to some ten thousand characters."""
    name, length = long
    form = tuple(pair for pair in own_form(wire.provider) if pair[0] != name)
    await wire.send(token_request(wire.provider, (*form, (name, "x" * length))), "long")


def media_types(_provider: Provider) -> SearchStrategy[str]:
    """Return media types of all kinds, well-formed or not (RFC 9110 section 8.3.1)."""
    known = st.sampled_from(
        [
            "application/json",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/xml",
            "application/octet-stream",
            "application/x-www-form-urlencoded; charset=utf-16",
            "application/x-www-form-urlencoded; charset=idprobe",
            "*/*",
            "/",
            ";",
        ]
    )
    return st.one_of(
        known, st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
    )


@searched(media_types, flaw_in_answer, role=Role.SERVICE, needs=CLIENT_CREDENTIALS)
async def media_types_of_all_kinds(wire: Wire, media_type: str) -> None:
    """Ask for tokens by a form that is said to be something else."""
    request = token_request(wire.provider, own_form(wire.provider))
    await wire.send(with_type(request, media_type), "typed")
