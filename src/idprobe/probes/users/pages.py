"""The pages that a user sees, and what leads from one to the next."""

from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import authorization_request, ending, human_step
from idprobe.model.exchange import Agent, Request
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import approval, is_openid, ordinary, tried

__all__ = [
    "INJECTED",
    "authorization_by_other_methods",
    "cross_origin_requests",
    "iss_sent",
    "markup_in_requests",
    "user_pages",
]

INJECTED: Final = "\"'><idprobe-markup>\r\nX-Idprobe: injected"
WISHES: Final = ("ui_locales", "display", "acr_values")
ORIGIN: Final = ("Origin", "https://app.idprobe.example")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def user_pages(wire: Wire) -> None:
    """Without a user: `nobody`; to an error: `error-page`; through login and consent: `journey`.

    The journey comes last: it shows that the server works, whatever status its error has.
    """
    await tried(wire, "nobody", ordinary(wire.provider), user=False)
    wire.fresh_browser()
    bogus = ordinary(wire.provider, extra=(("response_type", "bogus"),))
    await tried(wire, "nobody-error", bogus, user=False)
    wire.fresh_browser()
    malformed = ordinary(wire.provider, extra=(("scope", '"bad'),), omit=("nonce",))
    await tried(wire, "nobody-scope", malformed, user=False)
    wire.fresh_browser()
    made_up = (("client_id", "idprobe-no-such-client"),)
    await tried(wire, "error-page", ordinary(wire.provider, extra=made_up))
    wire.fresh_browser()
    asks = (("prompt", "consent"),) if is_openid(wire.provider) else ()
    await tried(wire, "journey", ordinary(wire.provider, extra=asks))


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def iss_sent(wire: Wire) -> None:
    """Log in at a server whose authorization responses have iss: `authorize`."""
    authorized = await wire.run(approval(wire.provider), "authorize")
    if authorized.landing.get("iss") is None:
        raise Unsuited("the authorization responses of the server have no iss")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE})
async def cross_origin_requests(wire: Wire) -> None:
    """Call the endpoint as browsers do, `plain`, and as a foreign script: `preflight`, `script`."""
    request = authorization_request(wire.provider, ordinary(wire.provider))
    await wire.send(request, "plain")
    asks = (ORIGIN, ("Access-Control-Request-Method", "GET"))
    preflight = Request("OPTIONS", request.origin, request.target, asks, b"", Agent.USER)
    await wire.send(preflight, "preflight")
    await wire.send(request.with_headers(ORIGIN), "script")
    wire.fresh_browser()
    await wire.send(authorization_request(wire.provider, ordinary(wire.provider)), "again")


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def authorization_by_other_methods(wire: Wire) -> None:
    """Ask in a browser that is logged in by `get`, then by methods that are none of its own."""
    provider = wire.provider
    await wire.run(approval(provider), "authorize")
    silent = (("prompt", "none"),) if is_openid(provider) else ()
    await tried(wire, "get", ordinary(provider, extra=silent), user=False)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        usual = authorization_request(provider, ordinary(provider, extra=silent))
        step = human_step(provider, replace(usual, method=method), user=False)
        await wire.run(ending(step), method.lower())


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def markup_in_requests(wire: Wire) -> None:
    """Put markup and a header's line into each parameter, as a stranger and as a user."""
    for step, name in {
        "client-id": "client_id",
        "redirect-uri": "redirect_uri",
        "login-hint": "login_hint",
    }.items():
        await tried(wire, step, ordinary(wire.provider, extra=((name, INJECTED),)), user=False)
    wire.fresh_browser()
    await wire.run(approval(wire.provider), "authorize")
    for name in ("scope", "response_type", "response_mode", "prompt", "state", *WISHES):
        injected = (name, INJECTED)
        await tried(wire, name.replace("_", "-"), ordinary(wire.provider, extra=(injected,)))
    posted = (("state", INJECTED), ("response_mode", "form_post"))
    await tried(wire, "posted-state", ordinary(wire.provider, extra=posted))
    await wire.run(approval(wire.provider), "control")
