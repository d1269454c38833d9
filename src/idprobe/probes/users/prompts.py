"""What OpenID Connect adds to the authorization request: prompt, hints, and objects."""

import asyncio
from typing import Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import redeem, visit
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import probe
from idprobe.probes.steps.authorization_request import (
    PRINTABLE,
    approval,
    is_openid,
    ordinary,
    tried,
)
from idprobe.probes.steps.token_requests import id_token_of

__all__ = [
    "id_token_hints",
    "openid_hints",
    "openid_objects",
    "prompt_none",
    "prompt_none_of_another_client",
    "prompts_when_logged_in",
    "prompts_wrong",
]

OPENID: Final = frozenset({Capability.AUTHORIZATION_CODE, Capability.OPENID})
A_SECOND_S: Final = 1.1
UNSIGNED: Final = "eyJhbGciOiJub25lIn0.e30."
UNSUPPORTED: Final = "request_uri_parameter_supported"
"""Only where the server says that it would not fetch it is an address sent to it."""


def _openid_only(provider: Provider) -> None:
    """Raise Unsuited for a client that does not ask for OpenID Connect."""
    if not is_openid(provider):
        raise Unsuited(f"the client {provider.client.name} has no scope openid")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def prompt_none(wire: Wire) -> None:
    """Send prompt=none without and with a session: `stranger`, `stranger-stateless`, `known`."""
    _openid_only(wire.provider)
    none = (("prompt", "none"),)
    stranger = ordinary(wire.provider, state=PRINTABLE, extra=none)
    await tried(wire, "stranger", stranger, user=False)
    stateless = ordinary(wire.provider, state=None, extra=none)
    await tried(wire, "stranger-stateless", stateless, user=False)
    await wire.run(approval(wire.provider), "authorize")
    await tried(wire, "known", ordinary(wire.provider, extra=none), user=False)
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def prompts_when_logged_in(wire: Wire) -> None:
    """Ask a user who is logged in again: `login`, `consent`, `select_account`, `max-age-zero`.

    Before the last a second goes by, as servers that count in seconds find a login of this second
    to be of age zero.
    """
    _openid_only(wire.provider)
    await wire.run(approval(wire.provider), "authorize")
    asked: dict[str, Pairs] = {
        "login": (("prompt", "login"),),
        "consent": (("prompt", "consent"),),
        "select_account": (("prompt", "select_account"),),
        "max-age-zero": (("max_age", "0"),),
    }
    for step, extra in asked.items():
        await asyncio.sleep(A_SECOND_S if step == "max-age-zero" else 0)
        await tried(wire, step, ordinary(wire.provider, extra=extra))
    wire.fresh_browser()
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def prompts_wrong(wire: Wire) -> None:
    """Send prompts and ages that make no sense to a server that has a session; a step each."""
    _openid_only(wire.provider)
    await wire.run(approval(wire.provider), "authorize")
    for step, extra in {
        "none-and-login": ("prompt", "none login"),
        "consent-and-none": ("prompt", "consent none"),
        "unknown": ("prompt", "xyz-unknown"),
        "bad-max-age": ("max_age", "abc"),
        "negative-max-age": ("max_age", "-1"),
        "huge-max-age": ("max_age", "9" * 40),
    }.items():
        await tried(wire, step, ordinary(wire.provider, extra=(extra,)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def openid_hints(wire: Wire) -> None:
    """Send parameters that are wishes only, as nobody could meet them; a step each."""
    _openid_only(wire.provider)
    await wire.run(approval(wire.provider), "authorize")
    for step, extra in {
        "display-page": ("display", "page"),
        "display-popup": ("display", "popup"),
        "display-touch": ("display", "touch"),
        "display-wap": ("display", "wap"),
        "display-unknown": ("display", "xyz-unknown"),
        "ui-locales": ("ui_locales", "de-DE fr en"),
        "ui-locales-unknown": ("ui_locales", "xx-unknown tlh"),
        "claims-locales": ("claims_locales", "de-DE fr en"),
        "claims-locales-unknown": ("claims_locales", "xx-unknown tlh"),
        "acr-values": ("acr_values", "1 2"),
        "acr-values-unknown": ("acr_values", "urn:example:unknown-level"),
        "registration": ("registration", '{"client_name":"x"}'),
    }.items():
        await tried(wire, step, ordinary(wire.provider, extra=(extra,)))
    wire.fresh_browser()
    hint = (("login_hint", "nobody@idprobe.example"),)
    await tried(wire, "login-hint", ordinary(wire.provider, extra=hint))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=OPENID, logs_in=True)
async def openid_objects(wire: Wire) -> None:
    """Send a Request Object by value, and by reference unless that is on offer.

    Steps `request` and `request_uri`.
    """
    _openid_only(wire.provider)
    await wire.run(approval(wire.provider), "authorize")
    for step, extra in {
        "request": ("request", UNSIGNED),
        "request_uri": ("request_uri", "https://client.idprobe.example/object.jwt"),
    }.items():
        if step == "request_uri" and wire.provider.metadata.get(UNSUPPORTED, False):
            continue
        await tried(wire, step, ordinary(wire.provider, state=PRINTABLE, extra=(extra,)))
    await wire.run(approval(wire.provider), "control")


@probe(role=Role.WEB, needs=OPENID | {Capability.SECOND_USER}, logs_in=True)
async def id_token_hints(wire: Wire) -> None:
    """Send prompt=none with an ID Token of the user, then of another: `same-user`, `other-user`.

    The last once more without prompt=none: `other-user-aloud`. The server still works: `after`.
    """
    _openid_only(wire.provider)
    authorized = await wire.run(approval(wire.provider), "authorize")
    tokens = await wire.run(redeem(wire.provider, authorized), "redeem")
    hint = (("prompt", "none"), ("id_token_hint", id_token_of(wire, tokens)))
    await tried(wire, "same-user", ordinary(wire.provider, extra=hint), user=False)
    wire.fresh_browser()
    other = wire.provider.with_user(list(wire.provider.profile.users.values())[1])
    await wire.run(approval(other), "authorize-other")
    await tried(wire, "other-user", ordinary(wire.provider, extra=hint), user=False)
    await tried(wire, "other-user-aloud", ordinary(wire.provider, extra=hint[1:]), user=False)
    await tried(wire, "control", ordinary(wire.provider, extra=hint[:1]), user=False)
    wire.fresh_browser()
    await wire.run(approval(wire.provider), "after")


@probe(
    role=Role.WEB,
    others=(Role.SECOND,),
    needs=OPENID | {Capability.SECOND_CLIENT},
    logs_in=True,
)
async def prompt_none_of_another_client(wire: Wire) -> None:
    """Log in for one client, then send prompt=none for another: `unapproved`."""
    await wire.run(approval(wire.provider), "authorize")
    other = wire.acting_as(Role.SECOND)
    _openid_only(other)
    pairs = ordinary(other, extra=(("prompt", "none"),))
    await wire.run(visit(other, pairs, user=False), "unapproved")
    await wire.run(approval(wire.provider), "control")
