"""People who want a new account: prompt=create (Initiating User Registration 1.0)."""

import secrets
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    authorize,
    ending,
    fresh_pkce,
    human_step,
    redemption,
    without,
)
from idprobe.flows import authorization_parameters as parameters_of
from idprobe.flows.moves import Stopped
from idprobe.login.forms.pages import read_page
from idprobe.login.forms.submission import submission
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import ordinary, tried

__all__ = ["account_created", "account_pages", "prompt_strange"]

NEEDS: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
MEMBER: Final = "prompt_values_supported"
UNKNOWN_PROMPT: Final = "idprobe-no-such-prompt"
CREATE: Final[Pairs] = (("scope", "openid"), ("prompt", "create"))


def _listed(wire: Wire, value: str | None = None) -> None:
    listed = wire.provider.metadata.get(MEMBER)
    if not isinstance(listed, list) or (value is not None and value not in listed):
        raise Unsuited(f"the metadata does not list {value or 'values'} in {MEMBER}")


@probe(role=Role.WEB, needs=NEEDS, logs_in=True)
async def account_pages(wire: Wire) -> None:
    """Begin to log in, `login`, and to make an account, `create`: each stops at its first page.

    After that to log in once more, `again`.
    """
    _listed(wire, "create")
    await tried(wire, "login", ordinary(wire.provider, extra=CREATE[:1]), user=False)
    wire.fresh_browser()
    await tried(wire, "create", ordinary(wire.provider, extra=CREATE), user=False)
    wire.fresh_browser()
    await tried(wire, "again", ordinary(wire.provider, extra=CREATE[:1]), user=False)


@probe(role=Role.WEB, needs=NEEDS, logs_in=True)
async def prompt_strange(wire: Wire) -> None:
    """Ask with a prompt that no metadata lists: `strange`."""
    _listed(wire)
    pairs = ordinary(wire.provider, extra=(("scope", "openid"), ("prompt", UNKNOWN_PROMPT)))
    await tried(wire, "strange", pairs)
    await wire.run(authorize(wire.provider, scope="openid"), "control")


@probe(role=Role.WEB, needs=NEEDS, logs_in=True, safety=Safety.INTRUSIVE)
async def account_created(wire: Wire) -> None:
    """Make an account that nobody needs, by prompt=create, and redeem its code: `tokens`."""
    _listed(wire, "create")
    provider, pkce = wire.provider, fresh_pkce()
    pairs = parameters_of(provider, scope="openid", pkce=pkce)
    pairs = (*without(pairs, "prompt"), CREATE[1])
    stopped = await tried(wire, "page", pairs, user=False)
    if not isinstance(stopped, Stopped):
        raise Unsuited("prompt=create brings no page")
    page = read_page(stopped.response, stopped.request.url, provider.profile.login.hints)
    form = next(
        (one for one in page.forms if any(c.kind == "password" for c in one.controls)), None
    )
    if form is None or not form.buttons:
        raise Unsuited("the page of prompt=create has no form with a password")
    name, password = f"idprobe-{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    chosen = {
        place: (password if control.kind == "password" else name,)
        for place, control in enumerate(form.controls)
        if control.is_fillable
    }
    before = stopped.request.url
    request = submission(form, before=before, chosen=chosen, button=form.buttons[0])
    landed = await wire.run(ending(human_step(provider, request)), "created")
    if isinstance(landed, Landed) and landed.landing.get("code"):
        authorized = Authorized(landed.landing, pairs, pkce)
        await wire.send(redemption(provider, authorized), "tokens")
