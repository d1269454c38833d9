"""What server and profile can do together: what a probe needs before it can be run here."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from idprobe.model.profile.clients import Client, Role
from idprobe.model.profile.model import (
    Profile,
)
from idprobe.model.profile.situation import Situation
from idprobe.model.profile.terms import unmet_because

__all__ = ["LISTENER_REACHED", "Capability", "missing_because"]


LISTENER_REACHED: Final = "listener:reached"
"""What `observed` says, with the reason, where the server called none of our addresses."""


class Capability(StrEnum):
    """A need of a probe."""

    METADATA = "metadata"
    JWKS = "jwks"
    AUTHORIZATION_CODE = "authorization_code"
    IMPLICIT = "implicit"
    HYBRID = "hybrid"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # the name of a grant
    DEVICE_CODE = "device_code"
    PKCE = "pkce"
    PKCE_PLAIN = "pkce_plain"
    PAR = "par"
    DPOP = "dpop"
    OPENID = "openid"
    OFFLINE_ACCESS = "offline_access"
    FORM_POST = "form_post"
    AUTHORIZATION_RESPONSE_ISS = "authorization_response_iss"
    USERINFO = "userinfo"
    INTROSPECTION = "introspection"
    REVOCATION = "revocation"
    REGISTRATION = "registration"
    END_SESSION = "end_session"
    RESOURCE = "resource"
    RESOURCE_INDICATORS = "resource_indicators"
    ASSERTION_GRANT = "assertion_grant"
    PUBLIC_CLIENT = "public_client"
    SECOND_CLIENT = "second_client"
    SIGNED_CLIENT = "signed_client"
    NATIVE_CLIENT = "native_client"
    CONFIDENTIAL_CLIENT = "confidential_client"
    SECRET_BASIC = "secret_basic"  # noqa: S105  # a method, no secret
    SECRET_POST = "secret_post"  # noqa: S105  # a method, no secret
    LOGIN = "login"
    SECOND_USER = "second_user"
    BROWSER = "browser"
    LISTENER = "listener"
    REPLICAS = "replicas"
    SECURE_CHANNEL = "secure_channel"


Predicate = Callable[[Situation], str | None]


def missing_because(
    capability: Capability,
    profile: Profile,
    metadata: Mapping[str, Any],
    observed: Mapping[str, str],
) -> str | None:
    """Return why a probe with this need cannot be run, None if it can, or if only trying shows."""
    situation = Situation(profile, metadata, observed)
    reasons = (predicate(situation) for predicate in _NEEDS[capability])
    return next((reason for reason in reasons if reason is not None), None)


def _term(term: str) -> Predicate:
    return lambda situation: unmet_because(term, situation)


def _endpoint(name: str) -> Predicate:
    return _term(f"metadata:{name}")


def _role(role: Role) -> Predicate:
    fix = f"no client of the profile can play the role {role.value}"
    return lambda situation: None if situation.profile.client_for(role) else fix


def _some_client(fits: Callable[[Client], bool], described: str) -> Predicate:
    reason = f"the profile has no {described}"

    def predicate(situation: Situation) -> str | None:
        return None if any(fits(one) for one in situation.profile.clients.values()) else reason

    return predicate


def _is_true(fits: Callable[[Profile], bool], reason: str) -> Predicate:
    return lambda situation: None if fits(situation.profile) else reason


def _secret_post(situation: Situation) -> str | None:
    """A promise of the contract is as good as a client that is set up for it."""
    if situation.profile.contract.get("client_secret_in_body") is True:
        return _CLIENT_WITH_SECRET(situation)
    return _uses("client_secret_post")(situation)


def _refreshing(situation: Situation) -> str | None:
    """A client gets refresh tokens by its grant types, or as the contract promises."""
    if situation.profile.contract.get("client_credentials_issues_refresh_token") is True:
        return None
    fits = _some_client(
        lambda client: "refresh_token" in client.grant_types, "client with grant refresh_token"
    )
    return fits(situation)


def _uses(method: str) -> Predicate:
    return _some_client(
        lambda client: client.token_endpoint_auth_method == method, f"client that uses {method}"
    )


def _requests(scope: str) -> Predicate:
    return _some_client(lambda client: scope in client.scopes, f"client with scope {scope}")


_CLIENT_WITH_SECRET: Final = _some_client(
    lambda client: client.client_secret is not None, "client with a client_secret"
)
_CAN_LOG_IN: Final = _is_true(
    lambda profile: bool(
        profile.users or profile.login.cookies or profile.login.driver == "manual"
    ),
    "the profile has no user who can log in: add [users.NAME]",
)
_FRONT: Final = (_endpoint("authorization_endpoint"), _CAN_LOG_IN)
_TOKEN: Final = _endpoint("token_endpoint")
_CODE_CLIENT: Final = _some_client(
    lambda client: "authorization_code" in client.grant_types, "client with authorization_code"
)

_NEEDS: Final[Mapping[Capability, tuple[Predicate, ...]]] = {
    Capability.METADATA: (_term("metadata:issuer"),),
    Capability.JWKS: (_term("metadata:jwks_uri"),),
    Capability.AUTHORIZATION_CODE: (
        _term("grant:authorization_code"),
        _TOKEN,
        *_FRONT,
        _CODE_CLIENT,
    ),
    Capability.IMPLICIT: (_term("grant:implicit"), *_FRONT, _role(Role.IMPLICIT)),
    Capability.HYBRID: (_term("feature:hybrid_flow"), _TOKEN, *_FRONT, _role(Role.HYBRID)),
    Capability.CLIENT_CREDENTIALS: (
        _term("grant:client_credentials"),
        _TOKEN,
        _role(Role.SERVICE),
    ),
    Capability.REFRESH_TOKEN: (_term("grant:refresh_token"), _TOKEN, _refreshing),
    Capability.DEVICE_CODE: (
        _endpoint("device_authorization_endpoint"),
        _TOKEN,
        _CAN_LOG_IN,
        _some_client(
            lambda client: "urn:ietf:params:oauth:grant-type:device_code" in client.grant_types,
            "client with the device grant",
        ),
    ),
    Capability.PKCE: (_term("metadata:code_challenge_methods_supported"),),
    Capability.PKCE_PLAIN: (_term("metadata:code_challenge_methods_supported=plain"),),
    Capability.PAR: (_term("feature:par"),),
    Capability.DPOP: (_term("feature:dpop"),),
    Capability.OPENID: (_term("scope:openid"), _requests("openid")),
    Capability.OFFLINE_ACCESS: (_term("scope:offline_access"), _requests("offline_access")),
    Capability.FORM_POST: (_term("response_mode:form_post"),),
    Capability.AUTHORIZATION_RESPONSE_ISS: (_term("feature:iss_parameter"),),
    Capability.USERINFO: (_endpoint("userinfo_endpoint"),),
    Capability.INTROSPECTION: (_endpoint("introspection_endpoint"),),
    Capability.REVOCATION: (_endpoint("revocation_endpoint"),),
    Capability.REGISTRATION: (_endpoint("registration_endpoint"),),
    Capability.END_SESSION: (_endpoint("end_session_endpoint"),),
    Capability.RESOURCE: (
        _is_true(lambda profile: profile.resource_url is not None, "the profile has no [resource]"),
    ),
    Capability.ASSERTION_GRANT: (
        _term("grant:urn:ietf:params:oauth:grant-type:jwt-bearer"),
        _TOKEN,
        _is_true(
            lambda profile: profile.assertion_grant is not None,
            "[assertion_grant] of the profile names no subject",
        ),
        _role(Role.SIGNED),
    ),
    Capability.RESOURCE_INDICATORS: (
        _is_true(
            lambda profile: len(profile.indicators) > 1,
            "the profile does not name two resources in [[resource.indicators]]",
        ),
        _role(Role.TARGETED),
    ),
    Capability.PUBLIC_CLIENT: (_role(Role.PUBLIC),),
    Capability.SECOND_CLIENT: (_role(Role.SECOND),),
    Capability.SIGNED_CLIENT: (_role(Role.SIGNED),),
    Capability.NATIVE_CLIENT: (_role(Role.NATIVE),),
    Capability.CONFIDENTIAL_CLIENT: (
        _some_client(lambda client: client.is_confidential, "confidential client"),
    ),
    Capability.SECRET_BASIC: (_uses("client_secret_basic"),),
    Capability.SECRET_POST: (_secret_post,),
    Capability.LOGIN: _FRONT,
    Capability.SECOND_USER: (
        _is_true(lambda profile: len(profile.users) > 1, "the profile has no second user"),
    ),
    Capability.BROWSER: (
        _is_true(
            lambda profile: profile.login.driver == "browser",
            'pages of clients are shown by a browser alone: driver = "browser" under [login]',
        ),
    ),
    Capability.LISTENER: (
        _is_true(lambda profile: profile.listener is not None, "the profile has no [listener]"),
        lambda situation: situation.observed.get(LISTENER_REACHED),
    ),
    Capability.REPLICAS: (
        _is_true(lambda profile: bool(profile.nodes), "the profile has no [[nodes]]"),
    ),
    Capability.SECURE_CHANNEL: (
        _is_true(
            lambda profile: profile.issuer.startswith("https:") and profile.target.tls == "direct",
            "the server is not reached by https directly",
        ),
    ),
}
