"""What a reference server is configured with: the server, its clients, its users."""

# ruff: noqa: S105 - names of methods, algorithms and formats that have "token" in them

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "ASSERTION_GRANT",
    "ENCRYPTIONS",
    "ENCRYPTION_ALGORITHMS",
    "PROMPTS",
    "REQUEST_OBJECT_ALGORITHMS",
    "AccessTokenFormat",
    "AuthMethod",
    "ClientConfig",
    "Registration",
    "ServerConfig",
    "UserConfig",
]

AccessTokenFormat: TypeAlias = Literal["opaque", "jwt"]
AuthMethod: TypeAlias = Literal[
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"
]
Registration: TypeAlias = Literal["off", "open", "token"]


ASSERTION_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PROMPTS: Final = ("none", "login", "consent", "select_account", "create")
REQUEST_OBJECT_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "none")
ENCRYPTION_ALGORITHMS: Final = ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "dir")
ENCRYPTIONS: Final = ("A128CBC-HS256", "A256GCM")


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A client as it is registered; `display` is what the consent page shows of it."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    token_endpoint_auth_signing_alg: str | None = None
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[str, ...] = ("code",)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scope: str = ""
    application_type: Literal["web", "native"] = "web"
    id_token_signed_response_alg: str = "RS256"
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    request_object_signing_alg: str | None = None
    request_object_encryption_alg: str | None = None
    request_object_encryption_enc: str | None = None
    subject_type: Literal["public", "pairwise"] = "public"
    default_max_age: int | None = None
    default_acr_values: tuple[str, ...] = ()
    require_auth_time: bool = False
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    request_uris: tuple[str, ...] = ()
    sector_identifier_uri: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    display: Mapping[str, Any] = field(default_factory=dict)
    lifetimes: Mapping[str, int] = field(default_factory=dict)
    """Seconds by kind (access_token, refresh_token, code, id_token), where it has its own."""

    @property
    def is_public(self) -> bool:
        """Whether the client has no credentials."""
        return self.token_endpoint_auth_method == "none"

    @property
    def scopes(self) -> frozenset[str]:
        """The scope values that the client may have."""
        return frozenset(self.scope.split())

    @property
    def name(self) -> str:
        """The name that a person is shown."""
        return str(self.display.get("client_name", self.client_id))


@dataclass(frozen=True, slots=True)
class UserConfig:
    """A person who can log in; `claims` are what UserInfo may tell."""

    username: str
    password: str = field(repr=False)
    sub: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """A server: who it is, whom it knows, and which flows it offers. Lifetimes are in seconds."""

    issuer: str
    clients: tuple[ClientConfig, ...]
    users: tuple[UserConfig, ...]
    scopes: tuple[str, ...] = ("openid",)
    default_scope: str = ""
    token_endpoint_auth_methods: tuple[AuthMethod, ...] = (
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    )
    access_token_format: AccessTokenFormat = "opaque"
    access_token_signing_alg: str = "RS256"
    id_token_signing_alg_values: tuple[str, ...] = ("RS256", "ES256")
    access_token_lifetime_s: int = 600
    refresh_token_lifetime_s: int = 1_209_600
    code_lifetime_s: int = 60
    id_token_lifetime_s: int = 600
    session_lifetime_s: int = 28_800
    implicit: bool = False
    hybrid: bool = False
    no_response: bool = False
    """Whether response_type=none is on offer."""
    client_credentials_refresh_token: bool = False
    assertion_grant: bool = False
    plain_pkce: bool = False
    require_pkce: bool = True
    claims_parameter: bool = False
    request_parameter: bool = False
    encryption: bool = False
    """Whether ID Tokens, UserInfo responses and Request Objects can be encrypted."""
    userinfo_signing: bool = False
    request_uri_parameter: bool = False
    pairwise: bool = False
    webfinger: bool = False
    claim_sources: bool = False
    claims_locales: tuple[str, ...] = ()
    resources: Mapping[str, str] = field(default_factory=dict)
    """The scope of each resource by its indicator (RFC 8707); without any they are ignored."""
    acr: str = "https://idprobe.example/acr/password"
    session_management: bool = False
    prompt_create: bool = False
    backchannel_logout: bool = False
    frontchannel_logout: bool = False
    trusted_hosts: tuple[str, ...] = ()
    """Hosts that may be private and called by plain http, where clients name addresses there."""
    registration: Registration = "open"
    initial_access_token: str | None = field(default=None, repr=False)

    @property
    def known_scopes(self) -> frozenset[str]:
        """The scope values that clients can be set up for: those on offer, and of resources."""
        return frozenset(self.scopes).union(*(one.split() for one in self.resources.values()))

    @property
    def response_types(self) -> tuple[str, ...]:
        """The response types on offer."""
        implicit = ("token", "id_token", "id_token token") if self.implicit else ()
        hybrid = ("code id_token", "code token", "code id_token token") if self.hybrid else ()
        return ("code", *implicit, *hybrid, *(("none",) if self.no_response else ()))

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grant types on offer."""
        assertion = (ASSERTION_GRANT,) if self.assertion_grant else ()
        return (*self.registrable_grant_types, *assertion)

    @property
    def registrable_grant_types(self) -> tuple[str, ...]:
        """The grant types that clients can register for; none makes itself vouch for people."""
        implicit = ("implicit",) if self.implicit or self.hybrid else ()
        return ("authorization_code", "refresh_token", "client_credentials", *implicit)
