"""Proof Key for Code Exchange (RFC 7636): verifiers and challenges of all kinds."""

import secrets
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    Pkce,
    authorization_parameters,
    authorize,
    fresh_pkce,
    redeem,
    redemption,
    visit,
    without,
)
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import approval, ordinary, plain_scope, tried

__all__ = [
    "pkce_absent",
    "pkce_absent_at_public",
    "pkce_challenges",
    "pkce_method_absent",
    "pkce_optional",
    "pkce_plain",
    "pkce_public_verifiers",
    "pkce_support",
    "pkce_verifiers",
    "pkce_verifiers_accepted",
    "pkce_verifiers_malformed",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
PKCE: Final = CODE | {Capability.PKCE}
APPENDIX_B: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The verifier of RFC 7636 appendix B."""
METHOD: Final = "code_challenge_method"
CHALLENGE: Final = "code_challenge"


async def _authorized(wire: Wire, pkce: Pkce) -> Authorized:
    """Return a code bound to a challenge."""
    flow = authorize(wire.provider, scope=plain_scope(wire.provider), pkce=pkce)
    return await wire.run(flow, "authorize")


async def _redeemed_with(wire: Wire, step: str, verifier: str) -> None:
    """Get a code with an ordinary challenge and redeem it with another verifier."""
    authorized = await _authorized(wire, fresh_pkce())
    await wire.send(redemption(wire.provider, authorized, verifier=verifier), step)


async def _supported(wire: Wire) -> None:
    """Raise Unsuited if the server does not announce PKCE and does not look at verifiers either."""
    if wire.provider.metadata.get("code_challenge_methods_supported") is not None:
        return
    authorized = await _authorized(wire, fresh_pkce())
    request = redemption(wire.provider, authorized, verifier=fresh_pkce().verifier)
    response = await wire.send(request, "support")
    if response.is_granted:
        raise Unsuited("the server does not announce PKCE, and ignores it")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def pkce_support(wire: Wire) -> None:
    """Redeem with the `right` verifier, then with a `wrong` one, whatever is announced."""
    authorized = await _authorized(wire, fresh_pkce())
    await wire.send(redemption(wire.provider, authorized), "right")
    await _redeemed_with(wire, "wrong", fresh_pkce().verifier)
    await _control(wire)


@probe(role=Role.WEB, needs=PKCE, logs_in=True)
async def pkce_verifiers(wire: Wire) -> None:
    """Redeem with verifiers that are wrong, a step each; then with the right one."""
    await _supported(wire)
    await _wrong_verifiers(wire)
    one = await _authorized(wire, fresh_pkce())
    other = await _authorized(wire, fresh_pkce())
    await wire.send(redemption(wire.provider, one, verifier=_verifier(other)), "crossed")
    await wire.send(redemption(wire.provider, other, verifier=_verifier(one)), "crossed-back")
    await _control(wire)


def _verifier(authorized: Authorized) -> str | None:
    return authorized.pkce.verifier if authorized.pkce else None


async def _control(wire: Wire) -> None:
    await wire.run(redeem(wire.provider, await _authorized(wire, fresh_pkce())), "control")


async def _wrong_verifiers(wire: Wire) -> None:
    """Leave the verifier out, send another, and send the right one with a small change."""
    authorized = await _authorized(wire, fresh_pkce())
    missing = redemption(wire.provider, authorized, omit=("code_verifier",))
    await wire.send(missing, "missing")
    await _redeemed_with(wire, "other", fresh_pkce().verifier)
    await _redeemed_with(wire, "empty", "")
    for step in ("challenge", "other-case", "longer", "shorter", "line-break"):
        pkce = Pkce.of(f"{fresh_pkce().verifier}aB")
        verifier = {
            "challenge": pkce.challenge,
            "other-case": pkce.verifier.swapcase(),
            "longer": f"{pkce.verifier}x",
            "shorter": pkce.verifier[:-1],
            "line-break": f"{pkce.verifier}\n",
        }[step]
        code = await _authorized(wire, pkce)
        await wire.send(redemption(wire.provider, code, verifier=verifier), step)
    pkce = fresh_pkce()
    plain = ((METHOD, "plain"),)
    posing = redemption(
        wire.provider, await _authorized(wire, pkce), verifier=pkce.challenge, extra=plain
    )
    await wire.send(posing, "challenge-as-plain")
    for step in ("twice-right-last", "twice-right-first"):
        pkce = fresh_pkce()
        two = (("code_verifier", fresh_pkce().verifier), ("code_verifier", pkce.verifier))
        extra = two if step == "twice-right-last" else two[::-1]
        code = await _authorized(wire, pkce)
        await wire.send(redemption(wire.provider, code, extra=extra), step)


@probe(role=Role.PUBLIC, needs=PKCE | {Capability.PUBLIC_CLIENT}, logs_in=True)
async def pkce_public_verifiers(wire: Wire) -> None:
    """As `pkce_verifiers`, by a public client: without a verifier, with another, with the right."""
    await _supported(wire)
    authorized = await _authorized(wire, fresh_pkce())
    missing = redemption(wire.provider, authorized, omit=("code_verifier",))
    await wire.send(missing, "missing")
    await _redeemed_with(wire, "other", fresh_pkce().verifier)
    await _control(wire)


@probe(role=Role.WEB, needs=PKCE, logs_in=True)
async def pkce_verifiers_accepted(wire: Wire) -> None:
    """Redeem with right verifiers: `shortest`, `longest`, `marks`, `appendix-b`, `extra-method`.

    Where one is refused, a code that is bound to none shows that codes can be redeemed at all.
    """
    await _supported(wire)
    rights: dict[str, tuple[str, Pairs]] = {
        "shortest": (secrets.token_hex(22)[:43], ()),
        "longest": (secrets.token_hex(64), ()),
        "marks": (f"-._~{secrets.token_hex(22)}~._-", ()),
        "appendix-b": (APPENDIX_B, ()),
        "extra-method": (secrets.token_hex(32), ((METHOD, "plain"),)),
    }
    granted = []
    for step, (verifier, extra) in rights.items():
        authorized = await _authorized(wire, Pkce.of(verifier))
        response = await wire.send(redemption(wire.provider, authorized, extra=extra), step)
        granted.append(response.is_granted)
    if not all(granted):
        await _unbound(wire)


async def _unbound(wire: Wire) -> None:
    """Redeem a code without a challenge, which has to work, if the server issues one."""
    pairs = without(ordinary(wire.provider), CHALLENGE, METHOD)
    ending = await tried(wire, "unbound", pairs)
    if isinstance(ending, Landed) and ending.landing.get("code"):
        await wire.run(redeem(wire.provider, Authorized(ending.landing, pairs)), "control")


@probe(role=Role.WEB, needs=PKCE, logs_in=True)
async def pkce_verifiers_malformed(wire: Wire) -> None:
    """Redeem with verifiers that hash to the challenge but are too short, too long, or odd."""
    await _supported(wire)
    for step, verifier in {
        "too-short": secrets.token_hex(21),
        "too-long": f"{secrets.token_hex(64)}x",
        "odd": f"+/{secrets.token_hex(22)}",
    }.items():
        authorized = await _authorized(wire, Pkce.of(verifier))
        await wire.send(redemption(wire.provider, authorized), step)
    await _control(wire)


@probe(role=Role.WEB, needs=PKCE, logs_in=True)
async def pkce_challenges(wire: Wire) -> None:
    """Send challenges and methods that are malformed or unknown; a step each.

    The method plain is among them, as `plain`; where it is on offer the step is `listed-plain`.
    """
    await _supported(wire)
    await wire.run(approval(wire.provider), "authorize")
    for step, changes in _bad_challenges(wire.provider).items():
        await tried(wire, step, ordinary(wire.provider, extra=tuple(changes.items())))
    if _lists_plain(wire.provider):
        await tried(wire, "listed-plain", ordinary(wire.provider, extra=((METHOD, "plain"),)))
    await wire.run(approval(wire.provider), "control")


def _bad_challenges(provider: Provider) -> dict[str, dict[str, str]]:
    challenge = fresh_pkce().challenge
    bad = {
        "short": {CHALLENGE: "abc"},
        "nearly-long-enough": {CHALLENGE: "a" * 42},
        "long": {CHALLENGE: "a" * 129},
        "very-long": {CHALLENGE: "a" * 1_000},
        "odd": {CHALLENGE: f"+/{challenge[2:]}"},
        "padded": {CHALLENGE: f"{challenge}="},
        "unknown-method": {METHOD: "S999"},
        "lower-case-method": {METHOD: "s256"},
    }
    if not _lists_plain(provider):
        bad["plain"] = {METHOD: "plain"}
    return bad


def _lists_plain(provider: Provider) -> bool:
    listed = provider.metadata.get("code_challenge_methods_supported")
    return isinstance(listed, list) and "plain" in listed


@probe(role=Role.WEB, needs=PKCE, logs_in=True)
async def pkce_method_absent(wire: Wire) -> None:
    """Send a challenge without a method; redeem it as plain and as S256, where that gets so far."""
    await _supported(wire)
    verifier = fresh_pkce().verifier
    for step, challenge in {"as-plain": verifier, "as-s256": Pkce.of(verifier).challenge}.items():
        pairs = ordinary(wire.provider, extra=((CHALLENGE, challenge),), omit=(METHOD,))
        await _follow(wire, step, pairs, verifier)
    await _control(wire)


async def _follow(wire: Wire, step: str, pairs: Pairs, verifier: str | None) -> None:
    """Send an authorization request; redeem the code if one lands, in step `redeem-STEP`."""
    ending = await tried(wire, step, pairs)
    if isinstance(ending, Landed) and ending.landing.get("code"):
        authorized = Authorized(ending.landing, pairs)
        request = redemption(wire.provider, authorized, verifier=verifier)
        await wire.send(request, f"redeem-{step}")


@probe(role=Role.WEB, needs=CODE | {Capability.PKCE_PLAIN}, logs_in=True)
async def pkce_plain(wire: Wire) -> None:
    """Use plain where it is offered: `right`, `wrong`."""
    for step in ("right", "wrong"):
        pkce = fresh_pkce("plain")
        authorized = await _authorized(wire, pkce)
        verifier = pkce.verifier if step == "right" else fresh_pkce().verifier
        await wire.send(redemption(wire.provider, authorized, verifier=verifier), step)
    await _control(wire)


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def pkce_absent(wire: Wire) -> None:
    """Ask without a challenge; where that is served redeem with a verifier: `downgrade`.

    Then ask without a challenge and without a nonce: `unguarded`.
    """
    await _control(wire)
    pairs = without(ordinary(wire.provider), CHALLENGE, METHOD)
    await _follow(wire, "downgrade", pairs, fresh_pkce().verifier)
    await tried(wire, "unguarded", without(ordinary(wire.provider), CHALLENGE, METHOD, "nonce"))
    await _control(wire)


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def pkce_optional(wire: Wire) -> None:
    """Where codes without a challenge are issued, redeem them: `with-verifier`, `without`."""
    await _control(wire)
    for step, verifier in {"with-verifier": fresh_pkce().verifier, "without": None}.items():
        pairs = without(ordinary(wire.provider), CHALLENGE, METHOD)
        ending = await tried(wire, "served", pairs)
        if not isinstance(ending, Landed) or not ending.landing.get("code"):
            raise Unsuited("the server wants PKCE of this client")
        authorized = Authorized(ending.landing, pairs)
        await wire.send(redemption(wire.provider, authorized, verifier=verifier), step)


@probe(role=Role.PUBLIC, needs=CODE | {Capability.PUBLIC_CLIENT}, logs_in=True)
async def pkce_absent_at_public(wire: Wire) -> None:
    """Ask as a public client without a challenge: step `refused`, if the server wants one."""
    await _control(wire)
    scope = plain_scope(wire.provider)
    parameters = authorization_parameters(wire.provider, scope=scope)
    await wire.run(visit(wire.provider, parameters), "refused")
