"""Client assertions to be bent in one place (RFC 7523), beginning with one that works."""

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed
from idprobe.flows import Tokens, token_request, without
from idprobe.formats.jose import encode, read_jwt, sign_jws
from idprobe.model.exchange import Pairs, Request
from idprobe.model.profile import Client, Provider
from idprobe.probes.steps.token_requests import JSON, client_using, get_tokens, honest_form

__all__ = ["ABSENT", "TYPE", "Signer", "accepted", "now_s", "sealing", "secret_key", "signing"]

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ABSENT: Final = object()
"""Stands for a claim that is left out."""
LIFETIME_S: Final = 60


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A client that signs assertions: its key, and the audience that the server accepts."""

    provider: Provider
    key: Mapping[str, Any]
    header: Mapping[str, Any]
    audience: str

    @property
    def client(self) -> Client:
        """The client that is spoken for."""
        return self.provider.client

    def claims(self, **bent: Any) -> dict[str, Any]:
        """Return the claims of a good assertion, some replaced, or left out if ABSENT."""
        now = now_s()
        honest = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": self.audience,
            "jti": secrets.token_urlsafe(24),
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        return {name: value for name, value in {**honest, **bent}.items() if value is not ABSENT}

    def signed(
        self,
        claims: Mapping[str, Any] | bytes | None = None,
        *,
        key: Mapping[str, Any] | None = None,
        signed_by: str | None = None,
        **header: Any,
    ) -> str:
        """Return an assertion over the claims, or over octets; over good claims if none are given.

        Members of the header are added or replaced; `signed_by` names another algorithm than it.
        """
        given = self.claims() if claims is None else claims
        payload = given if isinstance(given, bytes) else json.dumps(given).encode()
        return sign_jws(payload, key or self.key, {**self.header, **header}, alg=signed_by)

    def request(
        self,
        form: Pairs,
        assertion: str | None = None,
        *,
        extra: Pairs = (),
        omit: Sequence[str] = (),
        endpoint: str = "token_endpoint",
    ) -> Request:
        """Return a request with an assertion, a good one if none is given."""
        given = self.signed() if assertion is None else assertion
        added = (("client_assertion_type", TYPE), ("client_assertion", given), *extra)
        url = self.provider.endpoint(endpoint)
        return Request.post_form(url, (*form, *without(added, *omit)), headers=(JSON,))

    async def control(self, wire: Wire, step: str = "control") -> Tokens:
        """Prove that a good assertion works."""
        form = await honest_form(wire, self.provider)
        return await wire.run(get_tokens(self.request(form)), step)

    async def try_out(self, wire: Wire, step: str, assertion: str) -> None:
        """Authenticate by an assertion that may be refused, and then by a good one."""
        form = await honest_form(wire, self.provider)
        await self.send(wire, step, self.request(form, assertion))

    async def send(self, wire: Wire, step: str, request: Request) -> None:
        """Send a request that may be refused; a good assertion has to work after it."""
        async with wire.guessing(self.client):
            await wire.send(request, step)
            await self.control(wire)


def now_s() -> int:
    """Return the time in seconds since 1970."""
    return int(datetime.now(UTC).timestamp())


def secret_key(secret: str) -> dict[str, str]:
    """Return the MAC key of a client secret: its octets in UTF-8 (OpenID Connect Core 1.0, 9)."""
    return {"kty": "oct", "k": encode(secret.encode("utf-8", "surrogatepass"))}


async def signing(wire: Wire) -> Signer:
    """Return the signer of a client that uses private_key_jwt, after one honest request."""
    provider = wire.provider.with_client(client_using(wire, "private_key_jwt"))
    header = _honest_header(provider)
    keys = [key for key in (provider.client.jwks or {}).get("keys", ()) if "d" in key]
    key = next(key for key in keys if key.get("kid") == header.get("kid"))
    return await accepted(wire, Signer(provider, key, header, ""))


async def sealing(wire: Wire) -> Signer:
    """Return the signer of a client that uses client_secret_jwt, after one honest request."""
    provider = wire.provider.with_client(client_using(wire, "client_secret_jwt"))
    key = secret_key(provider.client.client_secret or "")
    return await accepted(wire, Signer(provider, key, _honest_header(provider), ""))


def _honest_header(provider: Provider) -> Mapping[str, Any]:
    """Return the header of the assertions that the client usually sends."""
    assertion = token_request(provider, ()).parameter("client_assertion")
    return read_jwt(assertion or "").header


async def accepted(wire: Wire, signer: Signer) -> Signer:
    """Return the signer with the audience that the server accepts: token endpoint, or issuer.

    RFC 7523 section 3 has the token endpoint, later documents the issuer alone (FAPI 2.0, 5.3.2.1).
    """
    provider = signer.provider
    usual = replace(signer, audience=provider.endpoint("token_endpoint"))
    async with wire.guessing(signer.client):
        with suppress(ControlFailed):
            await usual.control(wire)
            return usual
        strict = replace(signer, audience=provider.issuer)
        await strict.control(wire)
        return strict
