"""What the server says about itself: its metadata and its keys."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.settings import (
    ENCRYPTION_ALGORITHMS,
    ENCRYPTIONS,
    PROMPTS,
    REQUEST_OBJECT_ALGORITHMS,
)
from idprobe_reference.tokens.claim_sources import ELSEWHERE
from idprobe_reference.tokens.protection import Protection

__all__ = ["Metadata"]

_CLAIMS: Final = (
    "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash",
    "sid", "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    "email", "email_verified", "address", "phone_number", "phone_number_verified",
)  # fmt: skip
ASSERTION_ALGORITHMS: Final = ("RS256", "PS256", "ES256")
SECRET_ALGORITHMS: Final = ("HS256",)


class Metadata(Protection):
    """The metadata documents (RFC 8414, OpenID Connect Discovery) and the JWK Set."""

    def metadata(self) -> dict[str, Any]:
        """Return the server's metadata, the same at both well-known places."""
        config = self.config
        methods = list(config.token_endpoint_auth_methods)
        document: dict[str, Any] = {
            "issuer": self.issuer(),
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"),
            "userinfo_endpoint": self.url("/userinfo"),
            "jwks_uri": self.url("/jwks"),
            "revocation_endpoint": self.url("/revoke"),
            "introspection_endpoint": self.url("/introspect"),
            "end_session_endpoint": self.url("/logout"),
            "scopes_supported": list(config.scopes),
            "response_types_supported": list(config.response_types),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": list(config.grant_types),
            "subject_types_supported": ["public", *(["pairwise"] if config.pairwise else [])],
            "id_token_signing_alg_values_supported": list(config.id_token_signing_alg_values),
            "code_challenge_methods_supported": self.challenge_methods(),
            "claims_supported": [*_CLAIMS, *(ELSEWHERE if config.claim_sources else ())],
            "claim_types_supported": self.claim_types(),
            "acr_values_supported": [config.acr],
            "claims_parameter_supported": config.claims_parameter,
            "request_parameter_supported": config.request_parameter,
            "request_uri_parameter_supported": config.request_uri_parameter,
            "require_request_uri_registration": config.request_uri_parameter,
            "authorization_response_iss_parameter_supported": True,
            **self._authentication_members("token", methods),
            **self._authentication_members("revocation", methods),
            **self._authentication_members("introspection", [m for m in methods if m != "none"]),
        }
        if config.request_parameter:
            document["request_object_signing_alg_values_supported"] = [*REQUEST_OBJECT_ALGORITHMS]
        if config.session_management:
            document["check_session_iframe"] = self.url("/session")
        if config.prompt_create:
            document["prompt_values_supported"] = list(PROMPTS)
        for channel, offered in (
            ("backchannel", config.backchannel_logout),
            ("frontchannel", config.frontchannel_logout),
        ):
            if offered:
                document[f"{channel}_logout_supported"] = True
                document[f"{channel}_logout_session_supported"] = True
        document |= self._protection_members()
        if config.registration != "off":
            document["registration_endpoint"] = self.url("/register")
        return document

    def claim_types(self) -> list[str]:
        """Return the kinds of claims on offer (OpenID Connect Core section 5.6)."""
        return ["normal", *(["aggregated", "distributed"] if self.config.claim_sources else [])]

    def challenge_methods(self) -> list[str]:
        """Return the code challenge methods on offer (RFC 7636 section 4.2)."""
        return ["S256", "plain"] if self.config.plain_pkce else ["S256"]

    def jwks(self) -> dict[str, Any]:
        """Return the JWK Set to publish."""
        return {"keys": [*self.keys.public_jwks()["keys"], *self.encryption_jwks()]}

    def rotate_keys(self) -> None:
        """Sign with new keys from now on and keep the old public ones published."""
        self.keys.rotate()

    def metadata_headers(self) -> dict[str, str]:
        """Return the headers of public documents, which may be kept for a while."""
        return {"Cache-Control": "public, max-age=300"}

    async def show_metadata(self, _request: Request) -> Response:
        """Answer at the well-known places."""
        return json_reply(self.metadata(), headers=self.metadata_headers())

    async def show_jwks(self, _request: Request) -> Response:
        """Answer at jwks_uri."""
        return json_reply(self.jwks(), headers=self.metadata_headers())

    def _protection_members(self) -> dict[str, Any]:
        """Return what is announced of languages, and of answers for one client."""
        config, document = self.config, dict[str, Any]()
        if config.claims_locales:
            document["claims_locales_supported"] = list(config.claims_locales)
        if config.userinfo_signing:
            algorithms = list(config.id_token_signing_alg_values)
            document["userinfo_signing_alg_values_supported"] = algorithms
        if config.encryption:
            kinds = (
                "id_token",
                "userinfo",
                *(["request_object"] if config.request_parameter else []),
            )
            for kind in kinds:
                document[f"{kind}_encryption_alg_values_supported"] = [*ENCRYPTION_ALGORITHMS]
                document[f"{kind}_encryption_enc_values_supported"] = [*ENCRYPTIONS]
        return document

    def _authentication_members(self, endpoint: str, methods: list[Any]) -> dict[str, Any]:
        members: dict[str, Any] = {f"{endpoint}_endpoint_auth_methods_supported": methods}
        algorithms = [
            *(ASSERTION_ALGORITHMS if "private_key_jwt" in methods else ()),
            *(SECRET_ALGORITHMS if "client_secret_jwt" in methods else ()),
        ]
        if algorithms:
            members[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
        return members
