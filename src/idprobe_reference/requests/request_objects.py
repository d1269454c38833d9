"""Request Objects (OpenID Connect Core section 6): parameters in a JWT, passed by value."""

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.requests.client_authentication import ClientAuthentication
from idprobe_reference.requests.forms import Form
from idprobe_reference.settings import REQUEST_OBJECT_ALGORITHMS, ClientConfig

__all__ = ["RequestObjects"]

_OF_THE_JWT: Final = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti", "sub"})
_SEGMENTS: Final = 3
_JWE_DOTS: Final = 4
_CARRIERS: Final = frozenset({"request", "request_uri"})


def _fault(description: str) -> AuthorizationFault:
    return AuthorizationFault("invalid_request_object", description)


class RequestObjects(ClientAuthentication):
    """The decisions about a request parameter."""

    def assembled(self, client: ClientConfig, form: Form) -> Form:
        """Return the parameters with those of the Request Object over them (section 6.3.3)."""
        token = self.object_named(client, form)
        if token is None:
            return form
        claims = self.request_claims(client, self.opened(client, token))
        if claims.keys() & {"request", "request_uri"}:
            raise _fault("a Request Object holds no other one")
        if not self.request_object_is_for_us(client, claims):
            raise _fault("the Request Object is from or for somebody else, or out of date")
        if not self.request_object_agrees(form, claims):
            raise _fault("response_type and client_id are those outside")
        return self.merged(form, {n: v for n, v in claims.items() if n not in _OF_THE_JWT})

    def opened(self, client: ClientConfig, token: str) -> str:
        """Return the signed Request Object in an encrypted one, any other as it is (6.3.1)."""
        if not self.config.encryption or token.count(".") != _JWE_DOTS:
            return token
        plain = self.plain_text_of(client, token)
        if plain is None:
            raise _fault("the Request Object cannot be decrypted")
        return plain

    def object_named(self, client: ClientConfig, form: Form) -> str | None:  # noqa: ARG002 - by reference asks
        """Return the Request Object of a request, None without one; raises AuthorizationFault."""
        if "request" not in form or not self.config.request_parameter:
            return None
        if "request_uri" in form:
            raise AuthorizationFault(
                "invalid_request", "request and request_uri exclude each other"
            )
        return form["request"]

    def request_claims(self, client: ClientConfig, token: str) -> dict[str, Any]:
        """Return the claims of a Request Object that is the client's; raises AuthorizationFault."""
        header, claims = _unverified(token)
        if header.get("alg") not in self.request_object_algorithms(client):
            raise _fault("this algorithm is not the client's")
        if header["alg"] == "none":
            if len(token.split(".")) != _SEGMENTS or not token.endswith("."):
                raise _fault("an unsecured Request Object has no signature")
        elif not self.request_signature_fits(client, token, header):
            raise _fault("the signature is not the client's")
        return claims

    def request_object_algorithms(self, client: ClientConfig) -> tuple[str, ...]:
        """Return the algorithms that a client may use: the one that it registered, or any."""
        registered = client.request_object_signing_alg
        return (registered,) if registered is not None else REQUEST_OBJECT_ALGORITHMS

    def request_signature_fits(
        self, client: ClientConfig, token: str, header: Mapping[str, Any]
    ) -> bool:
        """Return whether one of the client's keys verifies the signature (section 6.3.2)."""
        alg = str(header["alg"])
        for kid, key in self.request_keys(client, alg):
            try:
                jws.deserialize_compact(token, key, registry=JWSRegistry(algorithms=[alg]))
            except (JoseError, ValueError, TypeError):
                continue
            if header.get("kid") in {None, kid}:
                return True
        return False

    def request_keys(
        self, client: ClientConfig, alg: str
    ) -> Iterator[tuple[str | None, RSAKey | ECKey]]:
        """Yield the client's keys, with their kid, that can be of an algorithm."""
        for jwk in self.jwks_of(client).get("keys", ()):
            key = self.usable_key(jwk)
            fits = isinstance(key, RSAKey) if alg[:2] in {"RS", "PS"} else isinstance(key, ECKey)
            if key is not None and fits:
                yield jwk.get("kid"), key

    def request_object_is_for_us(self, client: ClientConfig, claims: Mapping[str, Any]) -> bool:
        """Return whether iss, aud and the times, where they are there, are right (section 6.1)."""
        audience = claims.get("aud", self.issuer())
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss", client.client_id) != client.client_id or self.issuer() not in named:
            return False
        begins, ends = claims.get("nbf", 0), claims.get("exp", self.clock() + 1)
        numbers = all(isinstance(one, int | float) for one in (begins, ends))
        return numbers and begins <= self.clock() < ends

    def request_object_agrees(self, form: Form, claims: Mapping[str, Any]) -> bool:
        """Return whether response_type and client_id are the same inside and outside."""
        return all(
            claims.get(n, form.get(n)) == form.get(n) for n in ("response_type", "client_id")
        )

    def merged(self, form: Form, claims: Mapping[str, Any]) -> Form:
        """Return the parameters, those of the Request Object before those outside."""
        inner = [(name, _text(one)) for name, value in claims.items() for one in _each(name, value)]
        outer = [(n, v) for n, v in form.pairs if n not in {*claims, *_CARRIERS}]
        return Form([*outer, *inner])


def _each(name: str, value: Any) -> list[Any]:
    """Return the values of a member: resource may be an array of them (RFC 8707 section 2.1)."""
    return value if name == "resource" and isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | dict):
        raise _fault("a parameter of the Request Object has no text")
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # alg none is judged here, not warned of
            found = jws.extract_compact(token.encode("ascii"))
        claims = json.loads(found.payload)
    except (JoseError, ValueError, TypeError) as error:
        raise _fault("the Request Object is no JWT") from error
    if not isinstance(claims, dict):
        raise _fault("the Request Object is no JWT")
    return dict(found.protected), claims
