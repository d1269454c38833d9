"""Properties of PKCE: which code verifiers fit their challenge, and which never do (RFC 7636)."""

from typing import Final, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.flows import authorize, redeem, redemption
from idprobe.flows.authorization import Pkce
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes.properties.properties import searched
from idprobe.probes.steps.authorization_request import plain_scope
from idprobe.probes.steps.edits import Edit, edits
from idprobe.reading.properties.encodings import flaw_not_granted, flaw_not_refused_with

__all__ = ["verifiers_malformed", "verifiers_nearly_right", "verifiers_well_formed"]

PKCE: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.PKCE})
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MARKS: Final = "-._~"
SHORTEST: Final = 43
LONGEST: Final = 128
UNMISTAKABLE: Final = 24
"""A verifier is a secret, and covered wherever it stands: a word of few letters would be, too."""
FOREIGN: Final = (" ", "+", "/", "=", "%", "\n", "\0", "é", ",", "'", '"', ":", "\\", "!", "*")


def characters() -> SearchStrategy[str]:
    """Return the characters of a verifier, its marks as often as all else, also in a row."""
    return st.one_of(
        st.sampled_from(LETTERS),
        st.sampled_from(MARKS),
        st.sampled_from([mark * 2 for mark in MARKS]),
    )


def well_formed(_provider: Provider) -> SearchStrategy[str]:
    """Return verifiers of 43 to 128 unreserved characters (section 4.1)."""
    texts = st.lists(characters(), min_size=SHORTEST, max_size=LONGEST).map("".join)
    return texts.map(lambda text: text[:LONGEST])


def malformed(provider: Provider) -> SearchStrategy[str]:
    """Return verifiers that are too short, too long, or have a sign that none may have."""
    good = well_formed(provider)
    short = st.integers(UNMISTAKABLE, SHORTEST - 1).map(lambda length: LETTERS[:length])
    long = st.integers(LONGEST + 1, LONGEST * 3).map(lambda length: (LETTERS * 8)[:length])
    odd = st.tuples(good, st.sampled_from(FOREIGN), st.sampled_from([0, 1, 2]))
    return st.one_of(odd.map(_with_sign), short, long, odd.map(_with_sign))


def _with_sign(parts: tuple[str, str, int]) -> str:
    """Return a verifier of legal length with a sign at its end, its middle or its beginning."""
    text, sign, place = parts[0][: LONGEST - 1], parts[1], parts[2]
    at = (len(text), len(text) // 2, 0)[place]
    return text[:at] + sign + text[at:]


async def verifier_redeemed(wire: Wire) -> None:
    """Log in, and redeem a code with its verifier."""
    flow = authorize(wire.provider, scope=plain_scope(wire.provider))
    await wire.run(redeem(wire.provider, await wire.run(flow, "login")), "control")


@searched(
    well_formed,
    flaw_not_granted,
    role=Role.WEB,
    needs=PKCE,
    logs_in=True,
    control=verifier_redeemed,
)
async def verifiers_well_formed(wire: Wire, verifier: str) -> None:
    """Redeem a code with a well-formed verifier that fits its challenge."""
    await _redeem(wire, verifier, verifier)


@searched(
    malformed,
    flaw_not_refused_with("invalid_grant", "invalid_request"),
    role=Role.WEB,
    needs=PKCE,
    logs_in=True,
    control=verifier_redeemed,
)
async def verifiers_malformed(wire: Wire, verifier: str) -> None:
    """Redeem a code with a verifier that fits its challenge and is none by its form."""
    await _redeem(wire, verifier, verifier)


Method = Literal["S256", "plain"]


def nearly_right(provider: Provider) -> SearchStrategy[tuple[str, Edit, Method]]:
    """Return verifiers, what is done to them before they are sent, and the method.

    That is `plain` where the server has it: of a hash nothing is nearly right.
    """
    kinds = ("append", "cut", "replace", "case", "insert", "delete")
    texts = well_formed(provider).map(lambda text: text[: LONGEST - len("AbCd")])
    methods = provider.metadata.get("code_challenge_methods_supported")
    plain = isinstance(methods, list) and "plain" in methods
    both: list[Method] = ["plain", "S256"] if plain else ["S256"]
    return st.tuples(texts, edits(*kinds), st.sampled_from(both))


@searched(
    nearly_right,
    flaw_not_refused_with("invalid_grant", "invalid_request"),
    role=Role.WEB,
    needs=PKCE,
    logs_in=True,
    control=verifier_redeemed,
)
async def verifiers_nearly_right(wire: Wire, example: tuple[str, Edit, Method]) -> None:
    """Redeem a code with a verifier that differs from the right one in one place."""
    verifier, edit, method = example
    await _redeem(wire, verifier, edit.of(verifier), method)


async def _redeem(wire: Wire, challenged: str, verifier: str, method: Method = "S256") -> None:
    """Redeem a code that is bound to the challenge of one verifier with another."""
    pkce = Pkce.of(challenged, method)
    flow = authorize(wire.provider, scope=plain_scope(wire.provider), pkce=pkce)
    authorized = await wire.run(flow, "login")
    await wire.send(redemption(wire.provider, authorized, verifier=verifier), "redeem")
