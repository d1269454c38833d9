"""The UserInfo endpoint: the place where every access token can be tried (RFC 6750)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import Tokens, authorize, bearer, redeem, userinfo_request
from idprobe.formats.jose import looks_like_jwt
from idprobe.model.exchange import Agent, Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.altered_tokens import forgeries, forgeries_by_header
from idprobe.probes.steps.authorization_request import plain_scope, tried_for_tokens
from idprobe.probes.steps.token_requests import honest_tokens

__all__ = [
    "userinfo_asked",
    "userinfo_by_scope",
    "userinfo_cross_origin",
    "userinfo_forged",
    "userinfo_refused",
    "userinfo_without_openid",
    "userinfo_without_user",
    "users_of_few_claims",
]

USERINFO: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID, Capability.USERINFO})
USERS: Final = 2
SCOPES: Final = ("profile", "email", "address", "phone")
ORIGIN: Final = ("Origin", "https://client.example.org")
BODY: Final = ("Content-Type", "application/x-www-form-urlencoded")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_asked(wire: Wire) -> None:
    """Send a good token in every way, and in two at once; steps `tokens`, then one for each way."""
    provider = wire.provider
    token = (await _tokens(wire, "")).access_token
    url = provider.endpoint("userinfo_endpoint")
    await wire.send(userinfo_request(provider, token), "get")
    await wire.send(userinfo_request(provider, token, "POST"), "post")
    await wire.send(userinfo_request(provider, token, "POST", place="body"), "body")
    lower = Request.get(url, headers=(("Authorization", f"bearer {token}"),))
    await wire.send(lower, "lower-case")
    await wire.send(Request.get(url, (("access_token", token),)), "query")
    body = f"access_token={token}".encode("ascii")
    await wire.send(replace(Request.get(url, headers=(BODY,)), body=body), "get-with-body")
    twice = Request.post_form(url, (("access_token", token),), headers=(bearer(token),))
    await wire.send(twice, "twice")
    await wire.send(userinfo_request(provider, token), "again")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_refused(wire: Wire) -> None:
    """Send no token, wrong ones, one of another kind; steps named for them, then a good one."""
    provider = wire.provider
    tokens = await _tokens(wire, "")
    url = provider.endpoint("userinfo_endpoint")
    await wire.send(Request.get(url), "nothing")
    await wire.send(userinfo_request(provider, "idprobe-no-such-token"), "bogus")
    await wire.send(userinfo_request(provider, "idprobe.no+such/token~0-_=="), "marks")
    odd = Request.get(url, headers=(("Authorization", 'Bearer "quoted\\"'),))
    await wire.send(odd, "odd")
    if tokens.id_token is not None:
        await wire.send(userinfo_request(provider, tokens.id_token), "id-token")
    if tokens.refresh_token is not None:
        await wire.send(userinfo_request(provider, tokens.refresh_token), "refresh-token")
    await wire.send(userinfo_request(provider, tokens.access_token), "usual")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_forged(wire: Wire) -> None:
    """Send altered and forged copies of a good token, `forged-HOW`, then the token: `usual`."""
    provider = wire.provider
    token = (await _tokens(wire, "")).access_token
    for how, forged in forgeries(token):
        await wire.send(userinfo_request(provider, forged), f"forged-{how}")
    if looks_like_jwt(token):
        for how, forged in forgeries_by_header(token, await _published_keys(wire)):
            await wire.send(userinfo_request(provider, forged), f"forged-{how}")
    await wire.send(userinfo_request(provider, token), "usual")


async def _published_keys(wire: Wire) -> Sequence[Mapping[str, Any]]:
    """Return the published keys that can be read; none where there are none."""
    if not wire.provider.has_endpoint("jwks_uri"):
        return ()
    response = await wire.send(Request.get(wire.provider.endpoint("jwks_uri")), "keys")
    keys = response.json_object.get("keys") if response.is_success else None
    return [one for one in keys if isinstance(one, dict)] if isinstance(keys, list) else ()


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_by_scope(wire: Wire) -> None:
    """Ask by a token of each scope: steps `tokens-SCOPE` and `userinfo-SCOPE`, and one of all."""
    provider = wire.provider
    known = [one for one in SCOPES if one in provider.client.scopes]
    for scope in ("openid", *known):
        wanted = "openid" if scope == "openid" else f"openid {scope}"
        tokens = await _tokens(wire, f"-{scope}", scope=wanted)
        await wire.send(userinfo_request(provider, tokens.access_token), f"userinfo-{scope}")
    tokens = await _tokens(wire, "-all", scope=" ".join(("openid", *known)))
    await wire.send(userinfo_request(provider, tokens.access_token), "userinfo-all")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def users_of_few_claims(wire: Wire) -> None:
    """Ask for all about each of the first users: `control-N`, `all-N`, and `userinfo-N`."""
    provider = wire.provider
    scope = " ".join(("openid", *(one for one in SCOPES if one in provider.client.scopes)))
    for number, user in enumerate(list(provider.profile.users.values())[:USERS]):
        wire.fresh_browser()
        wire.provider = provider.with_user(user)
        await wire.run(authorize(wire.provider, scope="openid"), f"control-{number}")
        token = await tried_for_tokens(wire, f"all-{number}", scope=scope)
        if token is not None:
            await wire.send(userinfo_request(wire.provider, token), f"userinfo-{number}")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_without_openid(wire: Wire) -> None:
    """Use a token whose scope lacks openid: `poor`; then one that has it: `usual`."""
    provider = wire.provider
    scope = " ".join(one for one in plain_scope(provider).split() if one != "openid")
    if not scope:
        raise Unsuited("the client has no scope besides openid")
    poor = await _tokens(wire, "-poor", scope=scope)
    await wire.send(userinfo_request(provider, poor.access_token), "poor")
    rich = await _tokens(wire, "")
    await wire.send(userinfo_request(provider, rich.access_token), "usual")


@probe(
    role=Role.WEB,
    others=(Role.SERVICE,),
    needs=USERINFO | {Capability.CLIENT_CREDENTIALS},
    logs_in=True,
)
async def userinfo_without_user(wire: Wire) -> None:
    """Use a token that a client got for itself: `own`; then one of a user: `usual`."""
    own = await honest_tokens(wire, wire.acting_as(Role.SERVICE), "tokens-own")
    await wire.send(userinfo_request(wire.provider, own.access_token), "own")
    usual = await _tokens(wire, "")
    await wire.send(userinfo_request(wire.provider, usual.access_token), "usual")


@probe(role=Role.WEB, needs=USERINFO, logs_in=True)
async def userinfo_cross_origin(wire: Wire) -> None:
    """Ask as a script would: `preflight`, `script` of any origin, `own-script` of the client's.

    `script-from-nowhere` has the origin null; `cookies-alone` has those of the user, and no token.
    A server may let in a client's own origin alone, which a preflight does not tell yet.
    """
    token = (await _tokens(wire, "")).access_token
    url = wire.provider.endpoint("userinfo_endpoint")
    asks = (
        ORIGIN,
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "authorization"),
    )
    await wire.send(replace(Request.get(url, headers=asks), method="OPTIONS"), "preflight")
    await wire.send(userinfo_request(wire.provider, token).with_headers(ORIGIN), "script")
    own = urlsplit(wire.provider.client.redirect_uri)
    if own.scheme in {"http", "https"}:
        header = ("Origin", f"{own.scheme}://{own.netloc}")
        await wire.send(userinfo_request(wire.provider, token).with_headers(header), "own-script")
    nowhere = userinfo_request(wire.provider, token).with_headers(("Origin", "null"))
    await wire.send(nowhere, "script-from-nowhere")
    await wire.send(Request.get(url, headers=(ORIGIN,), agent=Agent.USER), "cookies-alone")


async def _tokens(wire: Wire, suffix: str, **options: Any) -> Tokens:
    authorized = await wire.run(authorize(wire.provider, **options), f"login{suffix}")
    return await wire.run(redeem(wire.provider, authorized), f"tokens{suffix}")
