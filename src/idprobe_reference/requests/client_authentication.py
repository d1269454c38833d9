"""Who is the client: secrets, signed assertions, or nothing at all (RFC 6749 section 2.3)."""

import base64
import binascii
import hmac
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.requests import Request

from idprobe_reference.endpoints.metadata import ASSERTION_ALGORITHMS, SECRET_ALGORITHMS
from idprobe_reference.faults import OAuthFault
from idprobe_reference.requests.forms import BadFormError, Form, form_decoded
from idprobe_reference.settings import AuthMethod, ClientConfig
from idprobe_reference.tokens.client_keys import ClientKeys
from idprobe_reference.tokens.protection import Protection

__all__ = ["ClientAuthentication", "Presented"]

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CREDENTIAL_NAMES: Final = ("client_id", "client_secret", "client_assertion")
_LEEWAY_S: Final = 30
_ASSERTION_LIFETIME_S: Final = 3600
_KEY_BITS: Final = 2048
_Key: TypeAlias = RSAKey | ECKey | OctKey


@dataclass(frozen=True, slots=True)
class Presented:
    """The one way of authentication that a request uses."""

    method: AuthMethod
    client_id: str | None
    secret: str = field(default="", repr=False)
    assertion: str = field(default="", repr=False)


class ClientAuthentication(ClientKeys, Protection):
    """The decisions about a client's credentials, for all endpoints that clients talk to."""

    async def client_request(self, request: Request) -> tuple[ClientConfig, Form]:
        """Return the authenticated client of a form POST, and the form; raises OAuthFault."""
        form = await self.posted_form(request)
        self.check_repetition(form)
        assertion = form.get("client_assertion", "")
        client = self.clients.get(_unverified_names(assertion)[1])
        if client is not None:
            await self.learn_keys(client, assertion)
        return self.authenticate_client(request, form), form

    def check_repetition(self, form: Form) -> None:
        """Refuse a request that repeats a parameter (RFC 6749 section 3.2)."""
        if form.repeated():
            raise OAuthFault("invalid_request", "a parameter is repeated")

    def authenticate_client(self, request: Request, form: Form) -> ClientConfig:
        """Return the client that the request proves to come from; raises OAuthFault."""
        self.check_query_credentials(request)
        presented = self.presented_credentials(request, form)
        if presented.method == "private_key_jwt":
            signer = self.client_of_assertion(presented)
            self.client_throttle.succeeded(signer.client_id)
            return signer
        client = self.clients.get(presented.client_id or "")
        if client is None:
            raise OAuthFault("invalid_client", "client authentication failed")
        wait_s = self.client_throttle.wait_s(client.client_id)
        if wait_s > 0:
            raise OAuthFault(
                "invalid_client",
                "too many failures in a row",
                status=429,
                headers={"Retry-After": str(int(wait_s) + 1)},
            )
        if not self.method_fits(client, presented.method) or not self.secret_matches(
            client, presented.secret
        ):
            self.client_throttle.failed(client.client_id)
            raise OAuthFault("invalid_client", "client authentication failed")
        if not client.is_public:
            self.client_throttle.succeeded(client.client_id)
        return client

    def check_query_credentials(self, request: Request) -> None:
        """Refuse credentials in the request URI (RFC 6749 section 2.3.1)."""
        if any(name in request.query_params for name in _CREDENTIAL_NAMES):
            raise OAuthFault("invalid_request", "credentials do not belong into the URI")

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        """Return how the request authenticates; two ways at once are refused (section 2.3)."""
        header = request.headers.get("authorization")
        by_assertion = "client_assertion" in form or "client_assertion_type" in form
        by_secret = "client_secret" in form
        if (header is not None) + by_assertion + by_secret > 1:
            self.refuse_several(by_assertion=by_assertion)
        if by_assertion:
            return self._assertion(form)
        if header is not None:
            return self._basic(header, form)
        if by_secret:
            return Presented("client_secret_post", form.get("client_id"), form["client_secret"])
        return Presented("none", form.get("client_id"))

    def refuse_several(self, *, by_assertion: bool) -> None:
        """Refuse several ways of authentication (RFC 6749 section 5.2, RFC 7521 section 4.2.1)."""
        code = "invalid_client" if by_assertion else "invalid_request"
        raise OAuthFault(code, "more than one way of client authentication")

    def method_fits(self, client: ClientConfig, method: AuthMethod) -> bool:
        """Return whether `client` is registered for this way of authentication."""
        return client.token_endpoint_auth_method == method

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        """Return whether `secret` is the client's; a public client has none to give."""
        if client.is_public:
            return not secret
        expected = client.client_secret or ""
        return bool(expected) and hmac.compare_digest(expected.encode(), secret.encode())

    def client_of_assertion(self, presented: Presented) -> ClientConfig:
        """Return the client whose signed assertion this is (RFC 7523 section 3)."""
        issuer, subject = _unverified_names(presented.assertion)
        client = self.clients.get(issuer) or self.clients.get(subject)
        if client is None or not self.method_fits(client, _assertion_method(client)):
            raise OAuthFault("invalid_client", "client authentication failed")
        if not self.named_client_fits(client, presented.client_id):
            raise OAuthFault("invalid_client", "client_id and assertion differ")
        claims = self.verified_assertion(client, presented.assertion)
        if claims is None or not self.assertion_is_acceptable(client, claims):
            raise OAuthFault("invalid_client", "the client assertion is not acceptable")
        return client

    def named_client_fits(self, client: ClientConfig, client_id: str | None) -> bool:
        """Return whether a client_id beside the assertion is the same (RFC 7521 section 4.2)."""
        return client_id in {None, client.client_id}

    def verified_assertion(self, client: ClientConfig, assertion: str) -> dict[str, Any] | None:
        """Return the claims of an assertion signed with one of the client's keys, else None."""
        for kid, key, algorithms in self.assertion_keys(client):
            registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
            try:
                token = jwt.decode(assertion, key, algorithms=algorithms, registry=registry)
            except (JoseError, ValueError, TypeError):
                continue
            if token.header.get("kid") in (None, kid):
                return token.claims
        return None

    def assertion_keys(self, client: ClientConfig) -> Iterator[tuple[str | None, _Key, list[str]]]:
        """Yield what verifies a client's assertions: kid, key, algorithms (RFC 8725 3.1)."""
        wanted = client.token_endpoint_auth_signing_alg
        if _assertion_method(client) == "client_secret_jwt":
            secret = OctKey.import_key((client.client_secret or "").encode())
            yield None, secret, [wanted] if wanted else list(SECRET_ALGORITHMS)
        allowed = [wanted] if wanted else list(ASSERTION_ALGORITHMS)
        for jwk in self.jwks_of(client).get("keys", ()):
            key = self.usable_key(jwk)
            if key is None:
                continue
            fitting = [alg for alg in allowed if _key_fits(jwk, alg)]
            if fitting:  # joserfc takes no algorithms for any
                yield jwk.get("kid"), key, fitting

    def usable_key(self, jwk: object) -> RSAKey | ECKey | None:
        """Return a client's key; None for one that cannot be used, which is ignored (RFC 7517)."""
        if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a short key is refused here, not warned of
                if jwk.get("kty") == "RSA":
                    key = RSAKey.import_key(jwk)
                    return key if self.key_is_long_enough(key) else None
                return ECKey.import_key(jwk) if jwk.get("kty") == "EC" else None
        except (JoseError, ValueError, TypeError, KeyError):
            return None

    def key_is_long_enough(self, key: RSAKey) -> bool:
        """Return whether an RSA key has 2048 bits (RFC 7518 section 3.3)."""
        return key.public_key.key_size >= _KEY_BITS

    def assertion_is_acceptable(self, client: ClientConfig, claims: dict[str, Any]) -> bool:
        """Return whether issuer, subject, audience, time and jti are right, the jti spent now."""
        if not self.assertion_issuer_fits(client, claims.get("iss")):
            return False
        if not self.assertion_subject_fits(client, claims.get("sub")):
            return False
        if not self.assertion_audience_fits(claims.get("aud")):
            return False
        return self.assertion_is_timely(claims) and self.assertion_id_is_spent(client, claims)

    def assertion_issuer_fits(self, client: ClientConfig, issuer: object) -> bool:
        """Return whether the client speaks for itself (RFC 7521 section 5.2)."""
        return issuer == client.client_id

    def assertion_subject_fits(self, client: ClientConfig, subject: object) -> bool:
        """Return whether the client speaks about itself (RFC 7523 section 3)."""
        return subject == client.client_id

    def assertion_is_timely(self, claims: dict[str, Any]) -> bool:
        """Return whether the assertion is good now, and expires within the hour."""
        return self.assertion_expiry_fits(claims.get("exp")) and self.assertion_has_begun(
            claims.get("nbf", 0)
        )

    def assertion_expiry_fits(self, expires_at: object) -> bool:
        """Return whether exp is a time to come, within the hour; the clocks may differ a little."""
        if not _is_time(expires_at):
            return False
        now = self.clock()
        return now - _LEEWAY_S < expires_at <= now + _ASSERTION_LIFETIME_S + _LEEWAY_S

    def assertion_has_begun(self, not_before: object) -> bool:
        """Return whether nbf has come."""
        return _is_time(not_before) and not_before <= self.clock() + _LEEWAY_S

    def assertion_id_is_spent(self, client: ClientConfig, claims: dict[str, Any]) -> bool:
        """Return whether the assertion has an identifier that is new, and spend it."""
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            return False
        return self.assertion_is_new(f"{client.client_id} {jti}")

    def assertion_is_new(self, spent: str) -> bool:
        """Return whether this jti of this client was not seen before; it is spent now."""
        if self.used_assertions.get(spent):
            return False
        until = self.clock() + _ASSERTION_LIFETIME_S + 3 * _LEEWAY_S
        self.used_assertions.put(spent, True, until)  # noqa: FBT003 - a set's mark
        return True

    def assertion_audience_fits(self, audience: object) -> bool:
        """Return whether an assertion is for this server: its issuer or its token endpoint."""
        named = audience if isinstance(audience, list) else [audience]
        return any(self.is_own_name(value) for value in named)

    def is_own_name(self, value: object) -> bool:
        """Return whether an audience is the issuer or the token endpoint, compared as strings."""
        return value in (self.issuer(), self.url("/token"))

    def assertion_type_fits(self, value: str) -> bool:
        """Return whether client_assertion_type is that of a JWT (RFC 7523 section 2.2)."""
        return value == _ASSERTION_TYPE

    def _assertion(self, form: Form) -> Presented:
        if "client_assertion" not in form or "client_assertion_type" not in form:
            raise OAuthFault("invalid_request", "client_assertion and its type belong together")
        if not self.assertion_type_fits(form["client_assertion_type"]):
            raise OAuthFault("invalid_client", "this type of client assertion is not supported")
        return Presented(
            "private_key_jwt", form.get("client_id"), assertion=form["client_assertion"]
        )

    def _basic(self, header: str, form: Form) -> Presented:
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            raise OAuthFault("invalid_client", "the authentication scheme is not supported")
        try:
            octets = base64.b64decode(encoded.strip(), validate=True)
            user, colon, password = octets.decode().partition(":")
            client_id, secret = form_decoded(user), form_decoded(password)
        except (binascii.Error, UnicodeError, BadFormError) as error:
            raise OAuthFault("invalid_client", "the Basic credentials cannot be read") from error
        if not colon:
            raise OAuthFault("invalid_client", "the Basic credentials cannot be read")
        if form.get("client_id", client_id) != client_id:
            raise OAuthFault("invalid_request", "client_id differs from the Authorization header")
        return Presented("client_secret_basic", client_id, secret)


def _assertion_method(client: ClientConfig) -> AuthMethod:
    """Return by which kind of assertion the client can authenticate at all."""
    by_secret = client.token_endpoint_auth_method == "client_secret_jwt"  # noqa: S105 -- a method
    return "client_secret_jwt" if by_secret else "private_key_jwt"


def _unverified_names(assertion: str) -> tuple[str, str]:
    """Return who the assertion claims to be from and about; the signature says if it is true."""
    try:
        payload = assertion.split(".")[1]
        octets = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        claims, _ = json.JSONDecoder().raw_decode(octets.decode())
        names = [claims.get("iss"), claims.get("sub")]
    except (AttributeError, IndexError, ValueError):
        return "", ""
    issuer, subject = (name if isinstance(name, str) else "" for name in names)
    return issuer, subject


def _key_fits(jwk: dict[str, Any], alg: str) -> bool:
    if jwk.get("alg", alg) != alg:
        return False
    return jwk.get("kty") == "RSA" if alg[:2] in {"RS", "PS"} else jwk.get("crv") == "P-256"


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
