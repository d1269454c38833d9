"""Parameters that could make the server send a browser wherever a link says."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.flows import visit
from idprobe.flows.authorization import BROWSER_HEADERS
from idprobe.model.exchange import Agent, Pairs, Request
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import approval, ordinary

__all__ = ["NAMES", "TARGET", "foreign_targets"]

TARGET: Final = "https://attacker.idprobe.example/cb"
NAMES: Final = (
    *("next", "url", "uri", "redirect", "redirect_url", "redirectUrl", "redirect_to", "goto"),
    *("return", "return_to", "returnTo", "return_url", "returnUrl", "ReturnUrl", "continue"),
    *("target", "dest", "destination", "forward", "back", "service", "success_url", "RelayState"),
    *("origin", "referrer", "post_logout_redirect_uri", "target_link_uri", "execution"),
)
PAGES: Final = 4
"""How many pages of the login are tried, each twice."""


@probe(role=Role.WEB, needs={Capability.AUTHORIZATION_CODE}, logs_in=True)
async def foreign_targets(wire: Wire) -> None:
    """Name a foreign target in every way: in a login, `login`, then at each page of its own.

    `user/N` asks in the browser that has logged in, `nobody/N` in one that has not.
    """
    targets = tuple((name, TARGET) for name in NAMES)
    await wire.run(visit(wire.provider, (*ordinary(wire.provider), *targets)), "login")
    places = _places(wire)
    for number, place in enumerate(places):
        await wire.send(_bare(wire.provider, place, targets), f"user/{number + 1}")
    for number, place in enumerate(places):
        wire.fresh_browser()
        await wire.send(_bare(wire.provider, place, targets), f"nobody/{number + 1}")
    wire.fresh_browser()
    await wire.run(approval(wire.provider), "control")


def _places(wire: Wire) -> list[str]:
    """Return the pages that the login went through, without their parameters, and the logout."""
    seen = [exchange.request.origin + exchange.request.path for exchange in wire.exchanges]
    places = list(dict.fromkeys(seen))[:PAGES]
    if wire.provider.has_endpoint("end_session_endpoint"):
        places.append(wire.provider.endpoint("end_session_endpoint"))
    return places


def _bare(provider: Provider, place: str, targets: Pairs) -> Request:
    parameters = (("client_id", provider.client.client_id), *targets)
    return Request.get(place, parameters, headers=BROWSER_HEADERS, agent=Agent.USER)
