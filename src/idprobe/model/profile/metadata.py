"""What server metadata say, with the default of each member that is absent.

Members as in the IANA registry of OAuth Authorization Server Metadata; defaults of RFC 8414
section 2 and OpenID Connect Discovery section 3.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = [
    "DEFAULTS",
    "KNOWN_MEMBERS",
    "UNKNOWN_IF_ABSENT",
    "announced_values",
    "holds",
    "member",
]

DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "grant_types_supported": ("authorization_code", "implicit"),
        "response_modes_supported": ("query", "fragment"),
        "token_endpoint_auth_methods_supported": ("client_secret_basic",),
        "revocation_endpoint_auth_methods_supported": ("client_secret_basic",),
        "claim_types_supported": ("normal",),
        "request_uri_parameter_supported": True,
    }
)
UNKNOWN_IF_ABSENT: Final = frozenset(
    {
        # RFC 8414 reads its absence as no PKCE, but many servers with PKCE do not announce it.
        "code_challenge_methods_supported",
    }
)
_ALGORITHMS: Final = tuple(
    f"{subject}_{part}_supported"
    for subject in (
        "id_token",
        "userinfo",
        "request_object",
        "authorization",
        "introspection",
    )
    for part in ("signing_alg_values", "encryption_alg_values", "encryption_enc_values")
)
_ENDPOINTS: Final = (
    "authorization_endpoint",
    "backchannel_authentication_endpoint",
    "device_authorization_endpoint",
    "end_session_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
)
KNOWN_MEMBERS: Final = frozenset(
    {
        *DEFAULTS,
        *UNKNOWN_IF_ABSENT,
        *_ALGORITHMS,
        *_ENDPOINTS,
        *(f"{name}_auth_methods_supported" for name in _ENDPOINTS),
        *(f"{name}_auth_signing_alg_values_supported" for name in _ENDPOINTS),
        "acr_values_supported",
        "authorization_response_iss_parameter_supported",
        "backchannel_authentication_request_signing_alg_values_supported",
        "backchannel_logout_session_supported",
        "backchannel_logout_supported",
        "backchannel_token_delivery_modes_supported",
        "backchannel_user_code_parameter_supported",
        "check_session_iframe",
        "claims_locales_supported",
        "claims_parameter_supported",
        "claims_supported",
        "display_values_supported",
        "dpop_signing_alg_values_supported",
        "frontchannel_logout_session_supported",
        "frontchannel_logout_supported",
        "issuer",
        "jwks_uri",
        "mtls_endpoint_aliases",
        "op_policy_uri",
        "op_tos_uri",
        "prompt_values_supported",
        "protected_resources",
        "request_parameter_supported",
        "require_pushed_authorization_requests",
        "require_request_uri_registration",
        "require_signed_request_object",
        "response_types_supported",
        "scopes_supported",
        "service_documentation",
        "signed_metadata",
        "subject_types_supported",
        "tls_client_certificate_bound_access_tokens",
        "ui_locales_supported",
    }
)


def member(metadata: Mapping[str, Any], name: str) -> Any:
    """Return a member or its default; None if it is absent and has none."""
    value = metadata.get(name)
    return DEFAULTS.get(name) if value is None else value


def holds(metadata: Mapping[str, Any], name: str, wanted: str) -> bool:
    """Return whether a member equals or contains a value; an absent boolean is false."""
    value = member(metadata, name)
    match value:
        case None:
            return wanted == "false"
        case bool():
            return wanted == ("true" if value else "false")
        case list() | tuple():
            return wanted in value
        case _:
            return str(value) == wanted


def announced_values(metadata: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """Return the texts that a member lists, or its default; None where its absence says nothing."""
    if not metadata or (metadata.get(name) is None and name not in DEFAULTS):
        return None
    found = member(metadata, name)
    is_list = isinstance(found, list | tuple)
    return tuple(one for one in found if isinstance(one, str)) if is_list else ()
