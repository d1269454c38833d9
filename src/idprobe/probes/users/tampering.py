"""Login and consent forms that are sent back with more, or with other values, than they had."""

from dataclasses import replace

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    HumanStep,
    Landed,
    authorization_parameters,
    ending,
    fresh_pkce,
    human_step,
    redemption,
)
from idprobe.model.exchange import Pairs, Request, form_encode
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.authorization.targets import NAMES, TARGET
from idprobe.probes.steps.authorization_request import (
    another_user,
    approval,
    is_openid,
    plain_scope,
    somebody,
)
from idprobe.probes.users.forgery import (
    consent_submission,
    from_elsewhere,
    login_submission,
    post,
    proven,
    site_bound,
    waiting_page,
)

__all__ = ["consent_widened", "forged_forms_with_targets", "forms_with_targets"]

CODE = frozenset({Capability.AUTHORIZATION_CODE})
PLACES = ("redirect_uri", *NAMES)


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def forms_with_targets(wire: Wire) -> None:
    """Name a foreign target in each form that is sent: `login`, then `approved` and `denied`.

    The forms work as they are: `authorize` before, `control` after.
    """
    provider = wire.provider
    page = await waiting_page(wire, provider, "login-page")
    request = login_submission(wire, page, somebody(provider))
    await _go_on(wire, "login", _with_targets(request))
    wire.fresh_browser()
    await wire.run(approval(provider), "authorize")
    for step in ("approved", "denied"):
        page = await waiting_page(wire, provider, f"{step}-page")
        request = consent_submission(wire, page, deny=step == "denied")
        await _go_on(wire, step, _with_targets(request))
    wire.fresh_browser()
    await wire.run(approval(provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def forged_forms_with_targets(wire: Wire) -> None:
    """Post an attacker's forms that name a foreign target: `login`, then `approved` and `denied`.

    The login is posted from a browser that never saw it, the others from one in which a user is
    logged in; all as a page of another site does it. The user's own consent works after that.
    """
    provider = wire.provider
    user = another_user(provider)
    attacker = provider.with_user(user)
    await proven(wire, user)
    login = login_submission(wire, await waiting_page(wire, attacker, "login-page"), user)
    wire.fresh_browser()
    await post(wire, "login", from_elsewhere(wire, _with_targets(login), frozenset()))
    wire.fresh_browser()
    await wire.run(approval(provider), "authorize")
    bound, users = site_bound(wire.exchanges), wire.cookies
    wire.fresh_browser()
    await wire.run(approval(attacker), "attacker")
    own = wire.cookies
    for step in ("approved", "denied"):
        wire.cookies = own
        page = await waiting_page(wire, attacker, f"{step}-page")
        theirs = _with_targets(consent_submission(wire, page, deny=step == "denied"))
        wire.cookies = users
        await post(wire, step, from_elsewhere(wire, theirs, bound))
    wire.fresh_browser()
    await wire.run(approval(provider), "control")


@probe(role=Role.WEB, needs=CODE, logs_in=True)
async def consent_widened(wire: Wire) -> None:
    """Ask for one scope, and add the others to the form: `widened`; or another client: `swapped`.

    The same form as it is: `narrow`. What lands is redeemed: `tokens-STEP`.
    """
    scopes = plain_scope(wire.provider).split()
    if len(scopes) <= 1:
        raise Unsuited("the client has one scope only")
    await wire.run(approval(wire.provider), "authorize")
    more = (("scope", " ".join(scopes)), *(("scopes", word) for word in scopes))
    await _consent(wire, "narrow", scopes[0], ())
    await _consent(wire, "widened", scopes[0], (*more, ("audience", TARGET), ("resource", TARGET)))
    own = wire.provider.client.client_id
    others = [one.client_id for one in wire.provider.profile.clients.values()]
    for other in [one for one in others if one != own][:1]:
        await _consent(wire, "swapped", scopes[0], (("client_id", other),))


async def _consent(wire: Wire, step: str, scope: str, added: Pairs) -> None:
    """Be asked for a scope, send the form with more in it, and redeem what lands."""
    provider, pkce = wire.provider, fresh_pkce()
    asks = (("prompt", "consent"),) if is_openid(provider) else ()
    parameters = authorization_parameters(provider, scope=scope, pkce=pkce, extra=asks)
    page = await waiting_page(wire, provider, f"{step}-page", parameters)
    request = _with(consent_submission(wire, page), added)
    landed = await wire.run(ending(human_step(provider, request)), step)
    if isinstance(landed, Landed) and landed.landing.get("code"):
        authorized = Authorized(landed.landing, parameters, pkce)
        await wire.send(redemption(provider, authorized), f"tokens-{step}")


def _with_targets(request: Request) -> Request:
    """Return a form's submission that names the foreign target in every way."""
    return _with(request, tuple((name, TARGET) for name in PLACES))


def _with(request: Request, added: Pairs) -> Request:
    """Return a form's submission with values added; those of fields that it has are replaced."""
    names = {name.lower() for name, _ in added}
    kept = [pair for pair in request.form if pair[0].lower() not in names]
    return replace(request, body=form_encode((*kept, *added)).encode("utf-8"))


async def _go_on(wire: Wire, step: str, request: Request) -> None:
    """Send a form and go where it leads; no address but the client's own ends the journey."""
    provider: Provider = wire.provider
    journey = HumanStep(request, provider.client.redirect_uris, provider.user)
    await wire.run(ending(journey), step)
