"""Whose browser a session is: fixed before a login, used by two requests, or begun elsewhere."""

from typing import Final

from idprobe.client.wire import Wire
from idprobe.flows import HumanStep, ending, human_step
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    another_user,
    approval,
    is_openid,
    ordinary,
    tried,
)
from idprobe.probes.users.forgery import consent_submission, login_submission, proven, waiting_page

__all__ = ["login_finished_elsewhere", "requests_interleaved", "session_fixed"]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def session_fixed(wire: Wire) -> None:
    """Keep the cookies of a login page, log in, and ask silently: `known`; with them: `fixed`."""
    await waiting_page(wire, wire.provider, "login-page")
    before = wire.cookies.twin()
    await wire.run(approval(wire.provider), "login")
    await _silently(wire, "known")
    wire.cookies = before
    await _silently(wire, "fixed")


@probe(role=Role.WEB, others=(Role.SECOND,), needs=CODE | {Capability.SECOND_CLIENT}, logs_in=True)
async def requests_interleaved(wire: Wire) -> None:
    """Open the consent page of one client, then of another, and agree on the first: `approved`.

    Agreeing works without that: `control`.
    """
    first, second = wire.provider, wire.acting_as(Role.SECOND)
    await wire.run(approval(first), "authorize")
    uris = (*first.client.redirect_uris, *second.client.redirect_uris)
    alone = await waiting_page(wire, first, "page-alone")
    await wire.run(ending(HumanStep(consent_submission(wire, alone), uris)), "control")
    page = await waiting_page(wire, first, "first-page")
    await waiting_page(wire, second, "second-page")
    await wire.run(ending(HumanStep(consent_submission(wire, page), uris)), "approved")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def login_finished_elsewhere(wire: Wire) -> None:
    """Begin a login, finish it in another browser, and go on in the first: `reload`, `silent`.

    The other browser opens the link, `link`, and sends the form of the first, `elsewhere`. At last
    the first browser logs in by itself: `control`.
    """
    provider = wire.provider
    user = another_user(provider)
    await proven(wire, user)
    page = await waiting_page(wire, provider, "begun")
    form = login_submission(wire, page, user)
    first = wire.cookies
    wire.fresh_browser()
    await wire.run(ending(human_step(provider, page.request, user=False)), "link")
    await wire.run(ending(human_step(provider.with_user(user), form)), "elsewhere")
    wire.cookies = first
    if page.request.method == "GET":
        await wire.run(ending(human_step(provider, page.request, user=False)), "reload")
    await _silently(wire, "silent")
    await wire.run(approval(provider), "control")


async def _silently(wire: Wire, step: str) -> None:
    """Ask for a code with nobody there to answer a page."""
    silent: Pairs = (("prompt", "none"),) if is_openid(wire.provider) else ()
    await tried(wire, step, ordinary(wire.provider, extra=silent), user=False)
