"""Users who are logged in already and have to prove it anew, or decline to."""

import asyncio
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import Stopped, authorize, ending, human_step, redeem
from idprobe.flows.moves import Ending
from idprobe.login.forms.pages import read_page
from idprobe.login.forms.recognition import Press, choice
from idprobe.login.forms.submission import browse, submission
from idprobe.model.profile import Capability, Role
from idprobe.probes import Depth, probe
from idprobe.probes.steps.authorization_request import ordinary, tried, tried_for_tokens

__all__ = [
    "account_choice_cancelled",
    "login_cancelled",
    "logins_renewed_by_max_age",
    "logins_renewed_by_prompt",
    "logins_repeated_silently",
]

OPENID: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
APART_S: Final = 2.5
ANY_AGE: Final = ("max_age", "10000")
YOUNG: Final = ("max_age", "1")
SILENT: Final = ("prompt", "none")


@probe(role=Role.WEB, needs=OPENID, logs_in=True, depth=Depth.FULL)
async def logins_renewed_by_prompt(wire: Wire) -> None:
    """Log in, and some seconds later with prompt=login: `tokens`, `again`, `tokens-again`."""
    await _first_login(wire)
    await asyncio.sleep(APART_S)
    extra = (("prompt", "login"), ANY_AGE)
    await tried_for_tokens(wire, "again", scope="openid", extra=extra)


@probe(role=Role.WEB, needs=OPENID, logs_in=True, depth=Depth.FULL)
async def logins_renewed_by_max_age(wire: Wire) -> None:
    """Log in, and some seconds later ask for a login of one second: `silent`, then `again`.

    The control of `silent` is the same request with a max_age that the login meets: `silent-old`.
    """
    await _first_login(wire)
    await asyncio.sleep(APART_S)
    await tried_for_tokens(wire, "silent-old", scope="openid", extra=(SILENT, ANY_AGE), user=False)
    await tried_for_tokens(wire, "silent", scope="openid", extra=(SILENT, YOUNG), user=False)
    await tried_for_tokens(wire, "again", scope="openid", extra=(YOUNG,))


@probe(role=Role.WEB, needs=OPENID, logs_in=True, depth=Depth.FULL)
async def logins_repeated_silently(wire: Wire) -> None:
    """Log in, and some seconds later ask silently: `silent`, then with a hint: `hinted`."""
    hint = ("id_token_hint", await _first_login(wire) or "")
    await asyncio.sleep(APART_S)
    extra = (SILENT, ANY_AGE)
    await tried_for_tokens(wire, "silent", scope="openid", extra=extra, user=False)
    await tried_for_tokens(wire, "hinted", scope="openid", extra=(*extra, hint), user=False)


async def _first_login(wire: Wire) -> str | None:
    """Log in and return the ID Token."""
    authorized = await wire.run(authorize(wire.provider, scope="openid", extra=(ANY_AGE,)), "login")
    return (await wire.run(redeem(wire.provider, authorized), "tokens")).id_token


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def login_cancelled(wire: Wire) -> None:
    """Be asked to log in again by prompt=login, and cancel that: `cancelled`."""
    await _cancel(wire, "login")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def account_choice_cancelled(wire: Wire) -> None:
    """Be asked for an account by prompt=select_account, and cancel that: `cancelled`."""
    await _cancel(wire, "select_account")


async def _cancel(wire: Wire, prompt: str) -> None:
    """Press what cancels on the page that a prompt brings; Unsuited where nothing does."""
    provider = wire.provider
    await wire.run(authorize(provider, scope="openid"), "login")
    pairs = ordinary(provider, extra=(("scope", "openid"), ("prompt", prompt)))
    stopped: Ending = await tried(wire, "asked", pairs, user=False)
    if not isinstance(stopped, Stopped):
        raise Unsuited(f"prompt={prompt} brings no page that could be cancelled")
    page = read_page(stopped.response, stopped.request.url, provider.profile.login.hints)
    pressed = choice(page, deny=True)
    if pressed is None:
        raise Unsuited(f"the page of prompt={prompt} has nothing that cancels")
    before = stopped.request.url
    request = (
        submission(pressed.form, before=before, button=pressed.button)
        if isinstance(pressed, Press)
        else browse(pressed.url, before=before)
    )
    await wire.run(ending(human_step(provider, request, user=False)), "cancelled")
