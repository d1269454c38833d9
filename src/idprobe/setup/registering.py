"""Registering the clients that a profile lacks, for one run, and deleting them afterwards.

RFC 7591 makes them, RFC 7592 deletes them. Each is written down before it is used; what cannot be
deleted stays written down, for `idprobe cleanup`.
"""

import asyncio
import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click
import httpx

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import IdprobeError, NoResponse, UsageError
from idprobe.evidence.ledger import Ledger, Owed, ledger_for, state_folder
from idprobe.flows import discover
from idprobe.flows.registration import configuration_request, registration_of
from idprobe.formats.jose import generate_key, public_key
from idprobe.formats.sanitise import clipped, sanitise
from idprobe.model.profile import (
    Client,
    Profile,
    Provider,
    Role,
    Tls,
    bare_profile,
    consent_missing,
    is_usable_url,
    origin_of,
)
from idprobe.probes.steps.throwaway_clients import GONE, ThrowawayClients
from idprobe.setup.required_clients import WANTED, Wanted

__all__ = ["Registrar", "add_cleanup_command", "clean_up", "fitted", "registering"]

NOBODY: Final = Client("nobody", "")
UNUSABLE: Final = 3
IN_USE: Final = "the audit that registered it may still run"
MANY_SCOPES: Final = 20
METHODS: Final = ("client_secret_basic", "client_secret_post", "client_secret_jwt")
OPENID: Final = "openid"
LONGEST_SAYING: Final = 80


@dataclass(slots=True, eq=False)
class Registrar:
    """The clients of one run: made before it, deleted after it."""

    profile: Profile
    transport: httpx.AsyncBaseTransport | None = None
    refused: dict[str, str] = field(default_factory=dict)
    """Which wanted clients the server did not register, and what it said."""
    _owed: list[Owed] = field(default_factory=list)

    def register(self) -> Profile:
        """Return the profile with a client for every role that the server lets us have.

        Raises UsageError if the server registers nobody, and the profile had no client either.
        """
        made = asyncio.run(self._register())
        clients = {**self.profile.clients, **{client.name: client for client in made}}
        if not clients:
            said = "; ".join(dict.fromkeys(self.refused.values())) or "no role is left to fill"
            raise UsageError(f"{self.profile.issuer} registered none of our clients: {said}")
        return replace(self.profile, clients=MappingProxyType(clients))

    def take_back(self) -> None:
        """Delete the clients; those that stay are in the ledger. Safe to call twice."""
        owed, self._owed = self._owed, []
        if owed:
            asyncio.run(_delete(self.profile, owed, ledger_for(self.profile), self.transport))

    async def _register(self) -> list[Client]:
        async with HttpSender(self.profile, self.transport) as sender:
            wire = Wire(Provider(self.profile, {}, NOBODY), sender)
            try:
                metadata = await wire.run(discover(self.profile), "metadata")
            except IdprobeError as error:
                raise UsageError(f"--register needs the metadata of the server: {error}") from None
            wire.provider = replace(wire.provider, metadata=metadata)
            if not wire.provider.has_endpoint("registration_endpoint"):
                raise UsageError(
                    f"{self.profile.issuer} has no registration_endpoint, so --register can do "
                    f"nothing: `idprobe provision` prints the clients that the suite wants"
                )
            ledger = ledger_for(self.profile)
            ledger.prepare()
            throwaway = ThrowawayClients(wire, ledger)
            try:
                found = [await self._one(throwaway, wanted) for wanted in self._wanted(metadata)]
            finally:
                self._owed = throwaway.hand_over()
        return [client for client in found if client is not None]

    def _wanted(self, metadata: Mapping[str, Any]) -> Iterator[Wanted]:
        """Yield what is wanted for the roles that nobody plays and the server has a use for."""
        for wanted in WANTED:
            if self.profile.client_for(wanted.role) is None:
                found = fitted(wanted, metadata)
                if found is not None:
                    yield found

    async def _one(self, throwaway: ThrowawayClients, wanted: Wanted) -> Client | None:
        """Register one client; ask without scope and alternatives once more if it is refused."""
        private = _fresh_key(throwaway.wire.provider.metadata, wanted)
        keys = {} if private is None else {"jwks": {"keys": [public_key(private)]}}
        asked = {**wanted.metadata(_scopes(throwaway.wire.provider.metadata)), **keys}
        plain = {name: one for name, one in asked.items() if name != "scope"}
        said = ""
        for metadata in (asked, plain):
            try:
                response = await throwaway.offer(wanted.name, metadata)
            except NoResponse as error:
                said = str(error)
                continue
            registration = registration_of(response)
            if registration is not None:
                name = f"registered-{wanted.name}"
                client = registration.client(name, {**metadata, "scope": metadata.get("scope", "")})
                return replace(
                    client,
                    roles=frozenset({wanted.role}),
                    scope=client.scope or _least_scope(throwaway.wire.provider.metadata, wanted),
                    jwks=None if private is None else {"keys": (private,)},
                )
            said = f"{response.status} {_shown(response.error or 'without an error code')}"
        self.refused[wanted.name] = f"{wanted.name}: {said}"
        return None


@contextlib.contextmanager
def registering(
    profile: Profile,
    may_test: Collection[str] = (),
    transport: httpx.AsyncBaseTransport | None = None,
) -> Iterator[tuple[Profile, Registrar]]:
    """Yield the profile with the clients that it lacked, and who deletes them; then delete them."""
    today = date.today()  # noqa: DTZ011 -- `until` is a day where the run is made
    missing = consent_missing(profile, today, frozenset(may_test))
    if missing is not None:
        raise UsageError(missing)
    registrar = Registrar(profile, transport)
    try:
        yield registrar.register(), registrar
    finally:
        registrar.take_back()


def clean_up(ledger: Ledger) -> dict[Owed, str]:
    """Delete what earlier runs left; return what is still there, and why."""
    by_place: dict[tuple[str, str | None, str], list[Owed]] = {}
    left: dict[Owed, str] = {}
    for owed in ledger.owed():
        if owed.may_be_in_use:
            left[owed] = IN_USE
        elif owed.can_be_deleted:
            because = _not_deleted_because(owed)
            if because is not None:
                left[owed] = because
                continue
            place = origin_of(owed.registration_client_uri or "")
            by_place.setdefault((owed.issuer, owed.ca_file, place), []).append(owed)
        else:
            left[owed] = "the server told no way to delete it"
    for (issuer, ca_file, _), some in by_place.items():
        # What is written down was allowed by the profile of its run, wherever it is.
        endpoints = {"registration_endpoint": some[0].registration_client_uri or ""}
        profile = replace(bare_profile(issuer), endpoints=endpoints)
        if ca_file is not None and Path(ca_file).is_file():
            profile = replace(profile, tls=Tls(ca_file=Path(ca_file)))
        left |= asyncio.run(_delete(profile, some, ledger, None))
    return left


def _not_deleted_because(owed: Owed) -> str | None:
    """Return why the token of a client is not sent where it was written down, None if it is."""
    uri = owed.registration_client_uri or ""
    if not is_usable_url(owed.issuer) or not is_usable_url(uri):
        return "the server told no address that a request could be sent to"
    if origin_of(owed.issuer).startswith("https:") and origin_of(uri).startswith("http:"):
        return "the server told an address of plain http, where no token is sent"
    return None


def add_cleanup_command(group: click.Group) -> None:
    """Attach the verb `cleanup` to a group."""

    @group.command()
    @click.option(
        "--forget", is_flag=True, help="Forget those that cannot be deleted, after listing them."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print what became of them as JSON.")
    def cleanup(*, forget: bool, as_json: bool) -> int:
        """Delete the clients that earlier runs registered and could not delete.

        \b
        idprobe cleanup
        idprobe cleanup --forget
        """  # noqa: D301 -- \b is click's, and keeps the lines apart
        ledger = Ledger(state_folder())
        before = len(ledger.owed())
        left = clean_up(ledger)
        told = [_told(owed, because) for owed, because in left.items()]
        deleted = before - len(left)
        if as_json:
            click.echo(json.dumps({"deleted": deleted, "left": told}, indent=2))
        else:
            click.echo(f"{deleted} deleted, {len(left)} left")
            for one in told:
                who = f"{one['client_id']} at {one['issuer']}"
                click.echo(f"  {who}, of {one['registered_at']}: {one['because']}")
        for owed, because in left.items() if forget else ():
            if because != IN_USE:
                ledger.drop(owed)
        return UNUSABLE if left and not forget else 0


def _told(owed: Owed, because: str) -> dict[str, str]:
    """Return what may be said of a client that stays: neither its token nor where that works."""
    return {
        "client_id": _shown(owed.client_id),
        "issuer": _shown(owed.issuer),
        "registered_at": _shown(owed.registered_at),
        "because": because,
    }


async def _delete(
    profile: Profile,
    owed: Collection[Owed],
    ledger: Ledger,
    transport: httpx.AsyncBaseTransport | None,
) -> dict[Owed, str]:
    """Delete clients one by one, forget each that is gone, and return the others, and why."""
    left: dict[Owed, str] = {}
    async with HttpSender(profile, transport) as sender:
        wire = Wire(Provider(profile, {}, NOBODY), sender)
        for one in owed:
            uri, token = one.registration_client_uri, one.registration_access_token
            if uri is None or token is None:
                left[one] = "the server told no way to delete it"
                continue
            try:
                response = await wire.send(configuration_request("DELETE", uri, token), "delete")
            except NoResponse as error:
                left[one] = f"no answer: {error.failure}"
            except IdprobeError as error:
                left[one] = str(error)
            else:
                if response.status in GONE:
                    ledger.drop(one)
                else:
                    left[one] = f"the server refuses ({response.status})"
    return left


def _shown(text: str) -> str:
    """Return what a server chose, fit for a terminal."""
    return sanitise(clipped(text, LONGEST_SAYING))


def fitted(wanted: Wanted, metadata: Mapping[str, Any]) -> Wanted | None:
    """Return what of a wanted client the server offers; None if its role would have no use."""
    grants = _offered(metadata, "grant_types_supported", wanted.grant_types)
    types = _offered(metadata, "response_types_supported", wanted.response_types)
    methods = _offered(
        metadata,
        "token_endpoint_auth_methods_supported",
        (wanted.token_endpoint_auth_method, *(METHODS if wanted.has_secret else ())),
    )
    main = wanted.grant_types[0]
    is_hybrid = wanted.role is Role.HYBRID and not any(" " in one for one in types)
    if main not in grants or not methods or is_hybrid or (wanted.response_types and not types):
        return None
    return replace(
        wanted,
        grant_types=grants,
        response_types=types,
        token_endpoint_auth_method=methods[0],
    )


def _offered(metadata: Mapping[str, Any], name: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the wanted values that a member lists; all of them if the server does not say."""
    listed = metadata.get(name)
    return tuple(one for one in wanted if one in listed) if isinstance(listed, list) else wanted


def _scopes(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    listed = metadata.get("scopes_supported")
    found = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return tuple(found[:MANY_SCOPES])


def _least_scope(metadata: Mapping[str, Any], wanted: Wanted) -> str:
    """Return the scope to ask for where the registration tells none."""
    scopes = wanted.scopes(_scopes(metadata))
    return " ".join(scopes) or (OPENID if OPENID in _scopes(metadata) else "")


def _fresh_key(metadata: Mapping[str, Any], wanted: Wanted) -> dict[str, Any] | None:
    """Return a private key for a client that signs, of a kind that the server takes."""
    if wanted.token_endpoint_auth_method != "private_key_jwt":  # noqa: S105 -- a method
        return None
    listed = metadata.get("token_endpoint_auth_signing_alg_values_supported")
    is_rsa = isinstance(listed, list) and "ES256" not in listed
    key = generate_key("RSA") if is_rsa else generate_key("EC", "P-256")
    return {**key, "use": "sig", "alg": "RS256" if is_rsa else "ES256"}
