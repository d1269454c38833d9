"""An ordinary authorization request, to be bent in one place; what several probes begin with."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    FRESH,
    Authorized,
    Fresh,
    authorization_parameters,
    authorize,
    fresh_pkce,
    redemption,
    visit,
    without,
)
from idprobe.flows.moves import Ending, Flow, Landed
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Provider, User

__all__ = [
    "PRINTABLE",
    "another_user",
    "approval",
    "by_get",
    "is_openid",
    "ordinary",
    "plain_scope",
    "somebody",
    "tried",
    "tried_for_tokens",
]

_MARKS: Final = "".join(map(chr, range(0x21, 0x7F)))
PRINTABLE: Final = f"{_MARKS[:40]} {_MARKS[40:]}"
"""All of printable ASCII (RFC 6749 appendix A.5), the space where no reader would trim it."""


def plain_scope(provider: Provider) -> str:
    """Return the client's scope without offline_access, which would ask for consent each time."""
    return " ".join(word for word in provider.client.scope.split() if word != "offline_access")


def is_openid(provider: Provider) -> bool:
    """Return whether the client's ordinary requests are those of OpenID Connect."""
    return "openid" in provider.client.scope.split()


def somebody(provider: Provider) -> User:
    """Return who logs in; raises Unsuited if nobody can."""
    if provider.user is None:
        raise Unsuited("the profile has no user with a password")
    return provider.user


def another_user(provider: Provider) -> User:
    """Return some other user, or the same one if there is no other."""
    others = [user for user in provider.profile.users.values() if user != provider.user]
    return others[0] if others else somebody(provider)


def ordinary(
    provider: Provider,
    *,
    response_type: str = "code",
    state: str | Fresh | None = FRESH,
    extra: Sequence[tuple[str, str]] = (),
    omit: Collection[str] = (),
) -> Pairs:
    """Return the parameters of a request that works; `extra` replaces some, `omit` leaves out."""
    pkce = fresh_pkce() if "code" in response_type.split() else None
    pairs = authorization_parameters(
        provider,
        response_type=response_type,
        scope=plain_scope(provider),
        state=state,
        pkce=pkce,
        extra=extra,
    )
    return without(pairs, *omit)


def approval(provider: Provider, **bent: str) -> Flow[Authorized]:
    """Return an authorization that went well, of an ordinary request with some values replaced."""
    return authorize(provider, scope=plain_scope(provider), extra=tuple(bent.items()))


def by_get(request: Request) -> Request:
    """Return a form's request as a link would send it: its body in the query of a GET."""
    headers = tuple(pair for pair in request.headers if pair[0].lower() != "content-type")
    joint = b"&" if b"?" in request.target else b"?"
    target = request.target + joint + request.body
    return replace(request, method="GET", target=target, headers=headers, body=b"")


async def tried(
    wire: Wire, step: str, parameters: Pairs, *, user: bool = True, deny: bool = False
) -> Ending:
    """Send a request by the browser, carry the user through, and return any ending."""
    return await wire.run(visit(wire.provider, parameters, user=user, deny=deny), step)


async def tried_for_tokens(
    wire: Wire, step: str, *, scope: str, extra: Pairs = (), user: bool = True
) -> str | None:
    """Ask for a code, redeem what lands as `tokens-STEP`, and return an access token if one came.

    Without `extra` it is the plainest of requests: no prompt is in it, whatever the scope.
    """
    provider, pkce = wire.provider, fresh_pkce()
    parameters = without(authorization_parameters(provider, scope=scope, pkce=pkce), "prompt")
    parameters = (*without(parameters, *(name for name, _ in extra)), *extra)
    ending = await wire.run(visit(provider, parameters, user=user), step)
    if not isinstance(ending, Landed) or not ending.landing.get("code"):
        return None
    authorized = Authorized(ending.landing, parameters, pkce)
    response = await wire.send(redemption(provider, authorized), f"tokens-{step}")
    token = response.json_object.get("access_token") if response.is_granted else None
    return token if isinstance(token, str) else None
