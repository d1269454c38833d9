"""Forms that another site's page submits: consent and login that nobody meant to give."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import HumanStep, Stopped, ending, visit
from idprobe.login.forms.pages import read_page
from idprobe.login.forms.recognition import (
    Press,
    choice,
    consent_values,
    login_button,
    login_fields,
)
from idprobe.login.forms.submission import submission
from idprobe.model.exchange import Agent, Exchange, Pairs, Request, form_encode
from idprobe.model.profile import Capability, Provider, Role, User
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    another_user,
    approval,
    by_get,
    is_openid,
    ordinary,
)

__all__ = [
    "consent_by_get",
    "consent_forged",
    "consent_submission",
    "from_elsewhere",
    "login_forged",
    "login_submission",
    "post",
    "proven",
    "site_bound",
    "waiting_page",
]

CODE: Final = frozenset({Capability.AUTHORIZATION_CODE})
EVIL: Final = "https://attacker.idprobe.example"
SITE_BOUND: Final = frozenset({"samesite=lax", "samesite=strict"})


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def consent_forged(wire: Wire) -> None:
    """Post an attacker's own consent form in a user's browser: `attacker-values`, `bare`.

    In `altered-values` its fields have other values than the page gave them. As a cross-site form
    does: with the attacker's Origin, and with those of the user's cookies that their SameSite lets
    go. The user's own consent works after that.
    """
    provider = wire.provider
    await wire.run(approval(provider), "authorize")
    await waiting_page(wire, provider, "users-page")
    cookies, bound = wire.cookies, site_bound(wire.exchanges)
    wire.fresh_browser()
    attacker = provider.with_user(another_user(provider))
    await wire.run(approval(attacker), "authorize")
    page = await waiting_page(wire, attacker, "attackers-page")
    press = _consent(wire, page)
    chosen = consent_values(press.form, deny=False)
    theirs = submission(press.form, before=page.request.url, chosen=chosen, button=press.button)
    wire.cookies = cookies
    button = press.button
    pressed = ((button.name, button.value),) if button is not None and button.name else ()
    bare = replace(theirs, body=form_encode(pressed).encode("ascii"))
    spoilt = replace(theirs, body=_spoilt(theirs, pressed))
    steps = {"attacker-values": theirs, "bare": bare, "altered-values": spoilt}
    for step, request in steps.items():
        await post(wire, step, from_elsewhere(wire, request, bound))
    asks = dict(_asking(provider))
    await wire.run(approval(provider, **asks), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def consent_by_get(wire: Wire) -> None:
    """Send the user's own consent form by GET, `get`, and another as it is: `post`."""
    provider = wire.provider
    await wire.run(approval(provider), "authorize")
    for step in ("get", "post"):
        page = await waiting_page(wire, provider, f"page-for-{step}")
        usual = consent_submission(wire, page)
        await post(wire, step, by_get(usual) if step == "get" else usual)


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def login_forged(wire: Wire) -> None:
    """Post an attacker's login form, filled in, from a browser that never saw it: `forged`."""
    provider = wire.provider
    user = another_user(provider)
    await proven(wire, user)
    page = await waiting_page(wire, provider, "login-page")
    request = login_submission(wire, page, user)
    wire.fresh_browser()
    await post(wire, "forged", from_elsewhere(wire, request, frozenset()))
    wire.fresh_browser()
    await wire.run(approval(provider), "control")


def _spoilt(request: Request, pressed: Pairs) -> bytes:
    """Return the body of a form with every value altered but that of the button."""
    fields = [(name, f"{value}x") for name, value in request.form if (name, value) not in pressed]
    return form_encode((*fields, *pressed)).encode("ascii")


def _asking(provider: Provider) -> Pairs:
    """Return what makes the server ask for consent again, where there is such a parameter."""
    return (("prompt", "consent"),) if is_openid(provider) else ()


async def proven(wire: Wire, user: User) -> None:
    """Log in as a user, unless that has worked before: no form of ours tries a wrong password."""
    if not wire.sender.guard.trusts(user):
        await wire.run(approval(wire.provider.with_user(user)), "proof")
        wire.fresh_browser()


async def waiting_page(
    wire: Wire, provider: Provider, step: str, parameters: Pairs | None = None
) -> Stopped:
    """Return the page at which a request waits for somebody; raises Unsuited without one."""
    parameters = parameters or ordinary(provider, extra=_asking(provider))
    stopped = await wire.run(visit(provider, parameters, user=False), step)
    if not isinstance(stopped, Stopped):
        raise Unsuited("nobody is asked for anything: there is no form that could be forged")
    return stopped


def consent_submission(wire: Wire, stopped: Stopped, *, deny: bool = False) -> Request:
    """Return the submission of a consent form; raises Unsuited if there is none to be posted."""
    press = _consent(wire, stopped, deny=deny)
    chosen = consent_values(press.form, deny=deny)
    before = stopped.request.url
    return submission(press.form, before=before, chosen=chosen, button=press.button)


def _consent(wire: Wire, stopped: Stopped, *, deny: bool = False) -> Press:
    """Return how consent is given on a page; raises Unsuited if not by a form that is posted."""
    hints = wire.provider.profile.login.hints
    page = read_page(stopped.response, stopped.request.url, hints)
    pressed = None if login_fields(page) is not None else choice(page, deny=deny)
    if not isinstance(pressed, Press) or pressed.form.method != "post":
        raise Unsuited("consent is not given by a form that is posted")
    return pressed


def login_submission(wire: Wire, stopped: Stopped, user: User) -> Request:
    """Return the submission of a login form; raises Unsuited if it asks for more or for less."""
    hints = wire.provider.profile.login.hints
    fields = login_fields(read_page(stopped.response, stopped.request.url, hints))
    if fields is None or fields.username is None or fields.password is None:
        raise Unsuited("user name and password are not asked for in one form")
    typed = {fields.username: (user.username,), fields.password: (user.password,)}
    button = login_button(fields.form)
    return submission(fields.form, before=stopped.request.url, chosen=typed, button=button)


def site_bound(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """Return the names of cookies that no form of another site sends (RFC 6265bis section 5.6)."""
    bound: dict[str, bool] = {}
    for exchange in exchanges:
        cookies = exchange.response.all_headers("set-cookie") if exchange.response else ()
        for cookie in cookies:
            name, *attributes = cookie.split(";")
            kept = {attribute.strip().lower() for attribute in attributes} & SITE_BOUND
            bound[name.partition("=")[0].strip()] = bool(kept)
    return frozenset(name for name, is_bound in bound.items() if is_bound)


def from_elsewhere(wire: Wire, request: Request, bound: frozenset[str]) -> Request:
    """Return a form's submission as the browser makes it on a page of another site."""
    held = dict(wire.cookies.header_for(request)).get("Cookie", "")
    sent = [one for one in held.split("; ") if one and one.partition("=")[0] not in bound]
    dropped = {"origin", "referer"}
    headers = [pair for pair in request.headers if pair[0].lower() not in dropped]
    headers += [("Origin", EVIL), ("Referer", f"{EVIL}/")]
    headers += [("Cookie", "; ".join(sent))] if sent else []
    agent = Agent.CLIENT if held else Agent.USER
    return replace(request, headers=tuple(headers), agent=agent)


async def post(wire: Wire, step: str, request: Request) -> None:
    """Send the submission and go where it leads, as far as nobody has to do anything."""
    journey = HumanStep(request, wire.provider.client.redirect_uris)
    await wire.run(ending(journey), step)
