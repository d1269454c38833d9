"""Logging out at the end_session_endpoint (OpenID Connect RP-Initiated Logout 1.0)."""

from collections.abc import Sequence
from typing import Literal

from idprobe.flows.authorization import BROWSER_HEADERS
from idprobe.flows.moves import Ending, Flow, HumanStep, ending
from idprobe.model.exchange import Agent, Request
from idprobe.model.profile import Provider

__all__ = ["leave"]

TARGET = "post_logout_redirect_uri"


def leave(
    provider: Provider,
    parameters: Sequence[tuple[str, str]],
    *,
    user: bool = True,
    method: Literal["GET", "POST"] = "GET",
) -> Flow[Ending]:
    """Return how a logout request ended: at a post_logout_redirect_uri, or at a page.

    With the user it is confirmed where the server asks; without, it stops at the question. Nobody
    logs in again at a login page to which it leads. The browser stops at the client's registered
    URIs, and at whatever URI the request itself names.
    """
    build = Request.get if method == "GET" else Request.post_form
    url = provider.endpoint("end_session_endpoint")
    request = build(url, parameters, headers=BROWSER_HEADERS, agent=Agent.USER)
    named = [value for name, value in parameters if name == TARGET]
    uris = dict.fromkeys((*provider.client.post_logout_redirect_uris, *named))
    asked = provider.user if user else None
    return (yield from ending(HumanStep(request, tuple(uris), asked, only_presses=True)))
