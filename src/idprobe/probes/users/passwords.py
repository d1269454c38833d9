"""The password grant (RFC 6749 section 4.3), where a server still has it."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import token_request
from idprobe.model.exchange import Pairs
from idprobe.model.profile import Capability, Client, Provider, Role, User
from idprobe.probes import Safety, probe
from idprobe.probes.steps.authorization_request import approval, somebody
from idprobe.probes.steps.token_requests import WRONG_SECRET, get_tokens, with_secret

__all__ = ["password_grant", "password_guessed_by_grant", "passwords_beyond_ascii"]

GUESSES: Final = 40
NOBODY: Final = "idprobe-no-such-user"
WRONG: Final = "idprobe-guesses-wrong-on-purpose-0"


@probe(role=Role.WEB, needs={Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def password_grant(wire: Wire) -> None:
    """Ask with a user's password, proven by a login; then without a client's credentials, wrongly.

    Steps: `anonymous`, `wrong-secret`, `wrong-password`, `unknown-user`; what is right works before
    and after each.
    """
    provider = await _with_grant(wire)
    user = somebody(wire.provider)
    form = _form(provider, user)
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


@probe(role=Role.WEB, needs={Capability.CONFIDENTIAL_CLIENT}, logs_in=True)
async def passwords_beyond_ascii(wire: Wire) -> None:
    """Ask with a name and with a password beyond ASCII: `username`, `password`, `password-latin-1`.

    Each is proven by a login; the last is the password in another encoding than UTF-8. An ordinary
    user works before: `right`.
    """
    provider = await _with_grant(wire)
    users = wire.provider.profile.users.values()
    named = next((one for one in users if not one.username.isascii()), None)
    secret = next((one for one in users if not one.password.isascii()), None)
    if named is None and secret is None:
        raise Unsuited("no user of the profile has a name or a password beyond ASCII")
    for step, user in {"username": named, "password": secret}.items():
        if user is not None:
            wire.fresh_browser()
            await wire.run(approval(wire.provider.with_user(user)), f"login-{step}")
            await wire.send(token_request(provider, _form(provider, user)), step)
    octets = _in_latin_1(secret.password) if secret is not None else b""
    if secret is not None and octets:
        request = token_request(provider, _form(provider, replace(secret, password=WRONG)))
        body = request.body.replace(WRONG.encode(), octets)
        await wire.send(replace(request, body=body), "password-latin-1")
        await wire.send(token_request(provider, _form(provider, secret)), "password-again")


def _in_latin_1(text: str) -> bytes:
    """Return a text in the encoding of old browsers, percent-encoded; b"" if it has none."""
    try:
        return quote(text, safe="", encoding="cp1252").encode("ascii")
    except UnicodeEncodeError:
        return b""


@probe(
    role=Role.WEB,
    needs={Capability.CONFIDENTIAL_CLIENT},
    logs_in=True,
    safety=Safety.INTRUSIVE,
)
async def password_guessed_by_grant(wire: Wire) -> None:
    """Guess a throw-away user's password by the grant, `guess/N`; it was right before: `control`.

    In the end it is right again: `right`.
    """
    user = throw_away_user(wire.provider)
    provider = await _with_grant(wire)
    await wire.run(get_tokens(token_request(provider, _form(provider, user))), "control")
    for number in range(GUESSES):
        wrong = replace(user, password=f"{WRONG}{number}")
        await wire.send(token_request(provider, _form(provider, wrong)), f"guess/{number + 1}")
    await wire.send(token_request(provider, _form(provider, user)), "right")


async def _with_grant(wire: Wire) -> Provider:
    """Return the provider as a client sees it that has the grant; raises Unsuited without one."""
    user = somebody(wire.provider)
    await wire.run(approval(wire.provider), "login")
    provider = wire.provider.with_client(_client(wire.provider))
    if not (await wire.send(token_request(provider, _form(provider, user)), "first")).is_granted:
        raise Unsuited(f"the client {provider.client.name} gets no tokens for a password")
    return provider


def throw_away_user(provider: Provider) -> User:
    """Return the user whose password may be guessed at; raises Unsuited without one."""
    found = next((one for one in provider.profile.users.values() if one.throw_away), None)
    if found is None:
        raise Unsuited("the profile has no user with throw_away = true")
    return found


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
