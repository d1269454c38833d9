"""Logging out at the server for a client (OpenID Connect RP-Initiated Logout 1.0)."""

import asyncio
from collections.abc import Mapping
from typing import Final, Literal

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, Unsuited
from idprobe.flows import redeem
from idprobe.flows.logout import leave
from idprobe.formats.jose import Jwt, generate_key, read_jwt, sign_jwt
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import (
    PRINTABLE,
    approval,
    is_openid,
    ordinary,
    tried,
)
from idprobe.probes.steps.throwaway_clients import metadata_for, throwaway_clients
from idprobe.probes.users.pages import INJECTED
from idprobe.reading.authorization.pages import is_user_page

__all__ = [
    "logout_after_the_hint_expired",
    "logout_by_get",
    "logout_by_post",
    "logout_for_another_client",
    "logout_hint_of_another",
    "logout_hints_forged",
    "logout_to_nowhere",
    "logout_to_unregistered_uris",
    "logout_uri_registered",
    "logout_without_hint",
]

LOGOUT: Final = frozenset(
    {Capability.AUTHORIZATION_CODE, Capability.OPENID, Capability.END_SESSION}
)
SILENT: Final[Pairs] = (("prompt", "none"),)
TARGET: Final = "post_logout_redirect_uri"
OUT: Final = "https://client.example/out"
PLAIN: Final = "http://client.example/out"
EVIL: Final = "attacker.idprobe.example"
STRANGE: Final = "https://attacker.idprobe.example/out"


def _target(provider: Provider) -> str:
    """Return where the client's user goes after a logout; raises Unsuited without such a place."""
    client = provider.client
    if not is_openid(provider):
        raise Unsuited(f"the client {client.name} has no scope openid")
    if not client.post_logout_redirect_uris:
        raise Unsuited(
            f"[clients.{client.name}] of the profile has no post_logout_redirect_uris: register "
            f"one at the server and name it there"
        )
    return client.post_logout_redirect_uris[0]


async def _log_in(wire: Wire, step: str = "", provider: Provider | None = None) -> str:
    """Log in to the client and return the ID Token of the session."""
    seen = provider or wire.provider
    authorized = await wire.run(approval(seen), f"authorize{step}")
    tokens = await wire.run(redeem(seen, authorized), f"redeem{step}")
    if tokens.id_token is None:
        raise Unsuited("the token response has no ID Token")
    return tokens.id_token


async def _leave(
    wire: Wire,
    step: str,
    *parameters: tuple[str, str],
    user: bool = True,
    method: Literal["GET", "POST"] = "GET",
) -> None:
    await wire.run(leave(wire.provider, parameters, user=user, method=method), step)


async def _silently(wire: Wire, step: str, provider: Provider | None = None) -> None:
    """Ask without any page whether somebody is logged in."""
    await tried(wire, step, ordinary(provider or wire.provider, extra=SILENT), user=False)


async def _insist(wire: Wire, step: str, *parameters: tuple[str, str]) -> bool:
    """Send a bad logout; where a page asks, say yes there too: `STEP-confirmed`."""
    await _leave(wire, step, *parameters, user=False)
    if not is_user_page(wire.exchanges[-1]):
        return False
    await _leave(wire, f"{step}-confirmed", *parameters)
    return True


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_by_get(wire: Wire) -> None:
    """Log in, then out: `logout`, with prompt=none `before` and `after`; out once more: `again`.

    At last the cookies of before the logout come back: `replayed`.
    """
    uri = _target(wire.provider)
    hint = ("id_token_hint", await _log_in(wire))
    await _silently(wire, "before")
    cookies = wire.cookies.twin()
    await _leave(wire, "logout", hint, (TARGET, uri), ("state", PRINTABLE))
    await _silently(wire, "after")
    await _leave(wire, "again", hint, (TARGET, uri))
    wire.cookies = cookies
    await _silently(wire, "replayed")


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_by_post(wire: Wire) -> None:
    """Log out by POST, `logout`; log in again, and out in languages nobody knows, `locales`.

    Once more with markup and a header's line in the state: `markup`.
    """
    uri = _target(wire.provider)
    hint = ("id_token_hint", await _log_in(wire))
    await _leave(wire, "logout", hint, (TARGET, uri), method="POST")
    await _silently(wire, "after")
    hint = ("id_token_hint", await _log_in(wire, "-again"))
    await _leave(wire, "locales", hint, (TARGET, uri), ("ui_locales", "xx-unknown tlh"))
    hint = ("id_token_hint", await _log_in(wire, "-once-more"))
    await _leave(wire, "markup", hint, (TARGET, uri), ("state", INJECTED))


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_without_hint(wire: Wire) -> None:
    """Send logouts without a hint, `bare`, `bare-post` and `by-client-id`, and confirm none.

    One that names an address is confirmed: `redirect-alone`.
    """
    uri = _target(wire.provider)
    await wire.run(approval(wire.provider), "authorize")
    await _silently(wire, "before")
    await _leave(wire, "bare", user=False)
    await _silently(wire, "after-bare")
    await _leave(wire, "bare-post", user=False, method="POST")
    await _silently(wire, "after-bare-post")
    await _leave(wire, "by-client-id", ("client_id", wire.provider.client.client_id), user=False)
    await _silently(wire, "after-by-client-id")
    await _leave(wire, "redirect-alone", (TARGET, uri))
    hint = ("id_token_hint", await _log_in(wire, "-again"))
    await _leave(wire, "control", hint, (TARGET, uri))


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_to_nowhere(wire: Wire) -> None:
    """Say yes to logouts that name no address: `nothing`, `hint-alone` and `state-alone`."""
    _target(wire.provider)
    for step in ("nothing", "hint-alone", "state-alone"):
        token = await _log_in(wire, f"-{step}")
        await _silently(wire, f"before-{step}")
        named = {"hint-alone": [("id_token_hint", token)], "state-alone": [("state", PRINTABLE)]}
        await _leave(wire, step, *named.get(step, []))
        await _silently(wire, f"after-{step}")


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_hints_forged(wire: Wire) -> None:
    """Send hints that the server did not issue, a step for each; is the session `alive`."""
    target = (TARGET, _target(wire.provider))
    token = await _log_in(wire)
    await _silently(wire, "before")
    asked: dict[str, tuple[str, str]] = {}
    for step, forged in _forged(token).items():
        hint = ("id_token_hint", forged)
        await _leave(wire, step, hint, target, user=False)
        if is_user_page(wire.exchanges[-1]):
            asked[step] = hint
    await _silently(wire, "alive")
    for step, hint in asked.items():
        await _leave(wire, f"{step}-confirmed", hint, target)
        await wire.run(approval(wire.provider), f"authorize-after-{step}")
    good = ("id_token_hint", await _log_in(wire, "-again"))
    await _leave(wire, "control", good, target)


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True)
async def logout_to_unregistered_uris(wire: Wire) -> None:
    """Log out to addresses that nobody registered, a step for each, saying yes if asked."""
    uri = _target(wire.provider)
    hint = ("id_token_hint", await _log_in(wire))
    for step, wrong in _unregistered(uri).items():
        if await _insist(wire, step, hint, (TARGET, wrong)):
            hint = ("id_token_hint", await _log_in(wire, f"-after-{step}"))
    await _leave(wire, "control", hint, (TARGET, uri))


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=LOGOUT | {Capability.SECOND_CLIENT},
    logs_in=True,
    exclusive=True,
)
async def logout_for_another_client(wire: Wire) -> None:
    """Log out with the hint of one client and the client_id of another: `other-client`."""
    uri = _target(wire.provider)
    hint = ("id_token_hint", await _log_in(wire))
    other = ("client_id", wire.acting_as(Role.SECOND).client.client_id)
    if await _insist(wire, "other-client", hint, (TARGET, uri), other):
        hint = ("id_token_hint", await _log_in(wire, "-again"))
    own = ("client_id", wire.provider.client.client_id)
    await _leave(wire, "control", hint, (TARGET, uri), own)


@probe(role=Role.WEB, needs=LOGOUT | {Capability.SECOND_USER}, logs_in=True, exclusive=True)
async def logout_hint_of_another(wire: Wire) -> None:
    """Send the hint of another user, `other-user`, and of another session, `other-session`."""
    uri = _target(wire.provider)
    hint = ("id_token_hint", await _log_in(wire))
    first = wire.cookies
    other = wire.provider.with_user(list(wire.provider.profile.users.values())[1])
    for step, seen in {"other-user": other, "other-session": wire.provider}.items():
        wire.fresh_browser()
        await wire.run(approval(seen), f"authorize-{step}")
        await _silently(wire, f"before-{step}", seen)
        await _leave(wire, step, hint, (TARGET, uri), user=False)
        await _silently(wire, f"after-{step}", seen)
    wire.cookies = first
    await _log_in(wire, "-again")
    await _leave(wire, "control", hint, (TARGET, uri))


@probe(role=Role.WEB, needs=LOGOUT, logs_in=True, exclusive=True, depth=Depth.FULL)
async def logout_after_the_hint_expired(wire: Wire) -> None:
    """Wait until the ID Token has expired, then log out with it: `expired`."""
    uri = _target(wire.provider)
    token = await _log_in(wire)
    wait_s = _lifetime_s(read_jwt(token)) + 1
    longest = wire.provider.profile.limits.max_wait_s
    if wait_s > longest:
        raise Unsuited(f"the ID Token is good for more than the {longest:g} s of max_wait_s")
    await asyncio.sleep(wait_s)
    await _silently(wire, "before")
    await _leave(wire, "expired", ("id_token_hint", token), (TARGET, uri))
    await _silently(wire, "after")
    fresh = ("id_token_hint", await _log_in(wire, "-again"))
    await _leave(wire, "control", fresh, (TARGET, uri))


@probe(needs={Capability.REGISTRATION, Capability.END_SESSION})
async def logout_uri_registered(wire: Wire) -> None:
    """Register where users go after a logout: `register`; a public client by http: `plain-http`."""
    async with throwaway_clients(wire) as throwaway:
        here = metadata_for(wire.provider, post_logout_redirect_uris=[OUT])
        await throwaway.register("register", here)
        public = {"token_endpoint_auth_method": "none", "post_logout_redirect_uris": [PLAIN]}
        await throwaway.offer("plain-http", metadata_for(wire.provider, **public))


def _forged(token: str) -> dict[str, str]:
    """Return ID Tokens that say what a good one says, and that the server did not issue."""
    good = read_jwt(token)
    header = {name: value for name, value in good.header.items() if name in {"typ", "kid"}}
    key = generate_key("EC", "P-256")
    return {
        "foreign-key": sign_jwt(good.claims, key, {**header, "alg": "ES256"}),
        "unsigned": sign_jwt(good.claims, key, {**header, "alg": "none"}),
        "no-jwt": "not.a.jwt",
    }


def _unregistered(uri: str) -> Mapping[str, str]:
    """Return addresses that look like a registered one, and one that does not."""
    sign = "&" if "?" in uri else "?"
    scheme, _, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return {
        "label": f"{scheme}://x.{rest}",
        "suffix": f"{scheme}://{host.partition(':')[0]}.{EVIL}{slash}{path}",
        "userinfo": f"{scheme}://{host.partition(':')[0]}@{EVIL}{slash}{path}",
        "scheme": f"{'http' if scheme == 'https' else 'https'}://{rest}",
        "query": f"{uri}{sign}x=1",
        "slash": uri.removesuffix("/") if uri.endswith("/") else f"{uri}/",
        "case": uri.rpartition("/")[0] + "/" + uri.rpartition("/")[2].swapcase(),
        "stranger": STRANGE,
    }


def _lifetime_s(token: Jwt) -> float:
    exp, iat = token.claims.get("exp"), token.claims.get("iat")
    if not isinstance(exp, int | float) or not isinstance(iat, int | float):
        raise EvidenceError("the ID Token does not say how long it is good")
    return float(exp - iat)
