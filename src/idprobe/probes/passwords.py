"""The password grant (RFC 6749 section 4.3), where a server still has it."""

from dataclasses import replace
from typing import Final

from idprobe.errors import Unsuited
from idprobe.exchange import Pairs
from idprobe.flows import token_request
from idprobe.probes import probe
from idprobe.probes.asking import approval
from idprobe.probes.honest import WRONG_SECRET, get_tokens, with_secret
from idprobe.profile import Capability, Client, Provider, Role, User
from idprobe.wire import Wire

__all__ = ["password_grant"]

NOBODY: Final = "idprobe-no-such-user"
WRONG: Final = "idprobe-guesses-wrong-on-purpose-0"


@probe(role=Role.WEB, needs={Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def password_grant(wire: Wire) -> None:
    """Ask with a user's password, proven by a login; then without a client's credentials, wrongly.

    Steps: `anonymous`, `wrong-secret`, `wrong-password`, `unknown-user`; what is right works before
    and after each.
    """
    user = wire.provider.user
    if user is None:
        raise Unsuited("the profile has no user with a password")
    await wire.run(approval(wire.provider), "login")
    provider = wire.provider.with_client(_client(wire.provider))
    form = _form(provider, user)
    if not (await wire.send(token_request(provider, form), "right")).is_success:
        raise Unsuited(f"the client {provider.client.name} gets no tokens for a password")
    await wire.send(token_request(provider, form, method="none"), "anonymous")
    if provider.client.client_secret is not None:
        async with wire.guessing(provider.client):
            await wire.send(with_secret(provider, form, WRONG_SECRET), "wrong-secret")
            await _control(wire, provider, form)
    wrong = {
        "wrong-password": replace(user, password=WRONG),
        "unknown-user": replace(user, username=NOBODY, password=WRONG),
    }
    for step, one in wrong.items():
        await wire.send(token_request(provider, _form(provider, one)), step)
        await _control(wire, provider, form)


def _client(provider: Provider) -> Client:
    """Return the client that is set up for the grant, or else the one at work."""
    fitting = [
        client
        for client in provider.profile.clients.values()
        if "password" in client.grant_types and client.is_confidential
    ]
    return next(iter(fitting), provider.client)


def _form(provider: Provider, user: User) -> Pairs:
    scope = provider.client.scope.split()
    scopes = (("scope", scope[0]),) if scope else ()
    who = (("username", user.username), ("password", user.password))
    return (("grant_type", "password"), *who, *scopes)


async def _control(wire: Wire, provider: Provider, form: Pairs) -> None:
    await wire.run(get_tokens(token_request(provider, form)), "control")
