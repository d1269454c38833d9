"""What a person is asked on behalf of clients that have just been registered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import Unsuited
from idprobe.flows import (
    Authorized,
    Landed,
    authorization_parameters,
    fresh_pkce,
    redemption,
    token_request,
    visit,
)
from idprobe.flows.registration import Registration
from idprobe.model.profile import Capability, Provider, Role
from idprobe.probes import Safety, probe
from idprobe.probes.steps.throwaway_clients import ThrowawayClients, metadata_for, throwaway_clients
from idprobe.probes.steps.token_requests import WRONG_SECRET

__all__ = [
    "consents_compared",
    "narrow_client_registered",
    "privileges_registered",
    "secret_guessed",
]

NEEDS: Final = frozenset({Capability.REGISTRATION, Capability.LOGIN})
NAME: Final = "Idprobe client of many wishes"
FIXED_ID: Final = "idprobe-chosen-by-the-client"
PRIVILEGES: Final[Mapping[str, Any]] = {
    "client_id": FIXED_ID,
    "skip_consent": True,
    "skipConsent": True,
    "trusted": True,
    "is_first_party": True,
    "consent_required": False,
    "require_consent": False,
    "roles": ["admin"],
}
"""What servers call it to ask nobody; no specification gives a client a say in it."""
CLEAR: Final = "http://client.example/cb"
GUESSES: Final = 40
NO_SUCH_CODE: Final = (("grant_type", "authorization_code"), ("code", "idprobe-no-such-code"))


def _scopes(provider: Provider) -> list[str]:
    """Return what clients of the profile may ask for, without what changes the questions."""
    asked = dict.fromkeys(word for one in provider.profile.clients.values() for word in one.scopes)
    return [word for word in asked if word != "offline_access"]


@probe(needs=NEEDS, logs_in=True)
async def consents_compared(wire: Wire) -> None:
    """Log in to a new client for one scope, `little`, for all, `more`, and in the clear, `clear`.

    For the last a redirect URI of plain http is offered: `register-clear`.
    """
    scopes = _scopes(wire.provider)
    little, all_of_them = " ".join(scopes[:1]), " ".join(scopes)
    asked = {"client_name": NAME, **({"scope": all_of_them} if scopes else {})}
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, **asked)
        registration = await throwaway.register("register", metadata)
        await _log_in(wire, "little", registration, metadata, little)
        if len(scopes) > 1:
            await _log_in(wire, "more", registration, metadata, all_of_them)
        metadata = metadata_for(wire.provider, **asked, redirect_uris=[CLEAR])
        response = await throwaway.offer("register-clear", metadata)
        if response.is_granted:
            clear = Registration.from_response(response)
            await _log_in(wire, "clear", clear, metadata, little)


@probe(needs=NEEDS, logs_in=True)
async def privileges_registered(wire: Wire) -> None:
    """Register a client by itself, and one that calls itself trusted: `plain`, `privileged`.

    The registrations are `register` and `register-privileged`.
    """
    scope = " ".join(_scopes(wire.provider)[:1])
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, client_name=NAME)
        await _log_in(
            wire, "plain", await throwaway.register("register", metadata), metadata, scope
        )
        metadata = {**metadata, **PRIVILEGES}
        response = await throwaway.offer("register-privileged", metadata)
        if response.is_granted:
            registration = Registration.from_response(response)
            await _log_in(wire, "privileged", registration, metadata, scope)


@probe(needs=NEEDS, logs_in=True)
async def narrow_client_registered(wire: Wire) -> None:
    """Register a client for one scope, and ask for another one too: `asked`, `tokens`."""
    scopes = _scopes(wire.provider)
    if len(scopes) <= 1:
        raise Unsuited("the profile has one scope only")
    async with throwaway_clients(wire) as throwaway:
        metadata = metadata_for(wire.provider, scope=scopes[0])
        registration = await throwaway.register("register", metadata)
        if registration.text("scope") != scopes[0]:
            raise Unsuited("the server does not register for which scope a client may ask")
        await _log_in(wire, "asked", registration, metadata, " ".join(scopes))


async def _log_in(
    wire: Wire, step: str, registration: Registration, asked: Mapping[str, Any], scope: str
) -> None:
    """Carry a user of a new browser through a request, and redeem the code: `STEP-tokens`."""
    wire.fresh_browser()
    client = registration.client("registered", asked)
    provider = wire.provider.with_client(client)
    pkce = fresh_pkce()
    parameters = authorization_parameters(provider, scope=scope, pkce=pkce)
    ended = await wire.run(visit(provider, parameters), step)
    if isinstance(ended, Landed) and ended.landing.get("code"):
        authorized = Authorized(ended.landing, parameters, pkce)
        await wire.send(redemption(provider, authorized), f"{step}-tokens")


@probe(needs={Capability.REGISTRATION}, safety=Safety.INTRUSIVE)
async def secret_guessed(wire: Wire) -> None:
    """Guess the secret of a client that was registered for that, `guess`; then be right, `right`.

    The secret is told in `register`. Nobody but this probe knows the client. Another client of the
    profile asks after that: `bystander`.
    """
    async with throwaway_clients(wire) as throwaway:
        provider = await _guessable(throwaway)
        await wire.send(token_request(provider, NO_SUCH_CODE), "control")
        for number in range(GUESSES):
            secret = f"{WRONG_SECRET}{number}"
            guess = provider.with_client(replace(provider.client, client_secret=secret))
            await wire.send(token_request(guess, NO_SUCH_CODE), f"guess/{number + 1}")
        await wire.send(token_request(provider, NO_SUCH_CODE), "right")
        if wire.provider.profile.client_for(Role.SERVICE) is not None:
            other = wire.acting_as(Role.SERVICE)
            await wire.send(token_request(other, NO_SUCH_CODE), "bystander")


async def _guessable(throwaway: ThrowawayClients) -> Provider:
    """Return the server as a new client sees it that has a secret of its own."""
    provider = throwaway.wire.provider
    metadata = metadata_for(provider)
    registration = await throwaway.register("register", metadata)
    client = registration.client("guessable", metadata)
    if client.client_secret is None:
        raise Unsuited("a new client gets no secret that could be guessed")
    return provider.with_client(client)
