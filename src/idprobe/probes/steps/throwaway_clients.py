"""Throw-away clients: probes register them, and each is deleted in the end."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, EvidenceError, IdprobeError, Refrained, Unsuited
from idprobe.evidence.ledger import Ledger, Owed, ledger_for
from idprobe.flows import registration_request
from idprobe.flows.registration import Registration, configuration_request, registration_of
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Provider

__all__ = [
    "CALLBACK",
    "GONE",
    "ThrowawayClients",
    "metadata_for",
    "secret_method",
    "throwaway_clients",
]

CALLBACK: Final = "https://client.example/cb"
GONE: Final = frozenset({200, 202, 204})
NO_ENTRY: Final = frozenset({401, 403})
SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")


def secret_method(provider: Provider) -> str:
    """Return the way in which a client with a secret can authenticate at this server."""
    offered = provider.metadata.get("token_endpoint_auth_methods_supported")
    if not isinstance(offered, list):
        return SECRET_METHODS[0]
    return next((one for one in SECRET_METHODS if one in offered), SECRET_METHODS[0])


def metadata_for(provider: Provider, **changes: Any) -> dict[str, Any]:
    """Return the metadata of an ordinary web client; a change to None leaves a member out."""
    members: dict[str, Any] = {
        "client_name": "idprobe throw-away client",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": secret_method(provider),
    }
    return {name: one for name, one in {**members, **changes}.items() if one is not None}


@dataclass(slots=True, eq=False)
class ThrowawayClients:
    """Registers clients on a wire, writes each down at once, and deletes them in the end."""

    wire: Wire
    ledger: Ledger
    _owed: dict[str, Owed] = field(default_factory=dict)
    _seen: bool = False
    """Whether a client was registered."""

    async def register(self, step: str, metadata: Mapping[str, Any]) -> Registration:
        """Register a client that has to be registered; raises Unsuited if we may not register."""
        response = await self.enter(step, metadata)
        try:
            return Registration.from_response(response)
        except EvidenceError as error:
            last = self.wire.exchanges[-1]
            raise ControlFailed(last, f"{step}: {error}") from None

    async def enter(self, step: str, metadata: Mapping[str, Any]) -> Response:
        """Ask for a registration; raises Unsuited if we are not among those who may ask."""
        response = await self.offer(step, metadata)
        if response.status in NO_ENTRY:
            raise Unsuited(
                f"the server registers no client of ours ({response.status}): set "
                f"[registration] initial_access_token in the profile"
            )
        return response

    async def manageable(self, step: str, metadata: Mapping[str, Any]) -> Registration:
        """Register a client that can be looked after; raises Unsuited if the server has no such."""
        registration = await self.register(step, metadata)
        if registration.uri is None:
            raise Unsuited("the registration response has no registration_client_uri (RFC 7592)")
        return registration

    async def offer(self, step: str, metadata: Mapping[str, Any]) -> Response:
        """Ask for a registration and return whatever answer comes."""
        token = self.wire.provider.profile.initial_access_token
        request = registration_request(self.wire.provider, metadata, initial_access_token=token)
        return await self.send(step, request)

    async def send(self, step: str, request: Request) -> Response:
        """Send any request that may register a client or change one."""
        response = await self.wire.send(request, step)
        registration = registration_of(response)
        if registration is not None:
            self._write_down(registration)
        return response

    async def manage(
        self,
        step: str,
        method: Literal["GET", "PUT", "DELETE", "PATCH", "POST"],
        registration: Registration,
        metadata: Mapping[str, Any] | None = None,
    ) -> Response:
        """Send a request with the client's own, current token to its configuration endpoint."""
        uri, token = self.place(registration)
        response = await self.send(step, configuration_request(method, uri, token, metadata))
        if method == "DELETE" and response.status in GONE:
            self._settle(registration.client_id)
        return response

    def place(self, registration: Registration) -> tuple[str, str | None]:
        """Return where a client is looked after, and its newest token (RFC 7592 section 5).

        Raises Refrained for a place that the token may not go to.
        """
        newest = self._owed.get(registration.client_id)
        uri = registration.uri if newest is None else newest.registration_client_uri
        if uri is None and registration.uri is not None:
            raise Refrained(
                "the registration_client_uri is at no origin of the profile, so the token is not "
                "sent there: name registration_endpoint under [endpoints] if it may"
            )
        if uri is None:
            raise Unsuited("the registration response has no registration_client_uri (RFC 7592)")
        return uri, registration.token if newest is None else newest.registration_access_token

    async def close(self) -> None:
        """Prove that registration still works, if it refused at last; raises ControlFailed if not.

        A server that has come to refuse everything would look as if it refused what was wrong.
        """
        last = next((one.response for one in reversed(self.wire.exchanges) if one.response), None)
        if self._seen and (last is None or not last.is_granted):
            await self.register("closing-control", metadata_for(self.wire.provider))

    async def take_back(self) -> None:
        """Delete every client that is still there; what stays is in the ledger."""
        for owed in tuple(self._owed.values()):
            uri, token = owed.registration_client_uri, owed.registration_access_token
            if uri is None or token is None:
                continue
            with contextlib.suppress(IdprobeError):
                response = await self.wire.send(configuration_request("DELETE", uri, token), "tidy")
                if response.status in GONE:
                    self._settle(owed.client_id)

    def hand_over(self) -> list[Owed]:
        """Return the clients for somebody else to delete: they stay in the ledger."""
        owed = list(self._owed.values())
        self._owed.clear()
        return owed

    def _write_down(self, registration: Registration) -> None:
        self._seen = True
        profile = self.wire.provider.profile
        owed = Owed(
            profile.issuer,
            registration.client_id,
            registration.uri,
            registration.token,
            str(profile.tls.ca_file.absolute()) if profile.tls.ca_file else None,
        )
        if owed.registration_client_uri and not profile.trusts(owed.registration_client_uri):
            owed = replace(owed, registration_client_uri=None)  # nothing of ours would go there
        before = self._owed.get(registration.client_id, owed)
        owed = replace(
            owed,
            registration_client_uri=owed.registration_client_uri or before.registration_client_uri,
            registration_access_token=registration.token or before.registration_access_token,
        )
        self._owed[registration.client_id] = owed
        self.ledger.keep(owed)

    def _settle(self, client_id: str) -> None:
        owed = self._owed.pop(client_id, None)
        if owed is not None:
            self.ledger.drop(owed)


@asynccontextmanager
async def throwaway_clients(wire: Wire) -> AsyncIterator[ThrowawayClients]:
    """Let clients be registered; at the end, for whatever reason, they are deleted."""
    ledger = ledger_for(wire.provider.profile)
    ledger.prepare()
    throwaway = ThrowawayClients(wire, ledger)
    try:
        yield throwaway
        await throwaway.close()
    finally:
        await throwaway.take_back()
