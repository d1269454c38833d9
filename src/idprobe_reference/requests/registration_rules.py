"""Which client metadata can be registered (RFC 7591 section 2, OIDC Registration section 2)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe_reference.endpoints.metadata import ASSERTION_ALGORITHMS, SECRET_ALGORITHMS
from idprobe_reference.faults import OAuthFault
from idprobe_reference.outbound import Outbound
from idprobe_reference.requests.registration_protection import (
    check_protection,
    protection_members,
    protection_of,
)
from idprobe_reference.settings import REQUEST_OBJECT_ALGORITHMS, ClientConfig, ServerConfig

__all__ = ["client_of_metadata", "metadata_of_client"]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LISTS: Final = (
    "redirect_uris",
    "grant_types",
    "response_types",
    "post_logout_redirect_uris",
    "default_acr_values",
    "request_uris",
)
_OF_OUR_HOST: Final = ("logo_uri", "policy_uri")
_TEXTS: Final = ("client_name", "software_id", "software_version")
_URLS: Final = (
    "client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri",
)  # fmt: skip


def client_of_metadata(
    body: Mapping[str, Any], client_id: str, secret: str, config: ServerConfig
) -> ClientConfig:
    """Return the client that `body` describes, defaults filled in; raises OAuthFault."""
    for name in _LISTS:
        if not _is_text_list(body.get(name, [])):
            code = "invalid_redirect_uri" if name == "redirect_uris" else "invalid_client_metadata"
            raise OAuthFault(code, f"{name} has to be a list of texts")
    grants = tuple(body.get("grant_types") or ("authorization_code",))
    default_types = ("code",) if "authorization_code" in grants else ()
    types = tuple(body.get("response_types") or default_types)
    kind = _choice(body, "application_type", "web", ("web", "native"))
    method = _choice(
        body,
        "token_endpoint_auth_method",
        "client_secret_basic",
        config.token_endpoint_auth_methods,
    )
    uris = tuple(body.get("redirect_uris") or ())
    _check_grants(grants, types, method, config)
    _check_redirect_uris(uris, grants, kind)
    client = ClientConfig(
        client_id=client_id,
        client_secret=secret if method.startswith("client_secret") else None,
        token_endpoint_auth_method=method,
        token_endpoint_auth_signing_alg=_optional_choice(
            body, "token_endpoint_auth_signing_alg", _signing_algorithms(method)
        ),
        grant_types=grants,
        response_types=types,
        redirect_uris=uris,
        post_logout_redirect_uris=_post_logout_uris(body),
        scope=_scope(body, config),
        application_type=kind,
        id_token_signed_response_alg=_choice(
            body, "id_token_signed_response_alg", "RS256", config.id_token_signing_alg_values
        ),
        request_object_signing_alg=_optional_choice(
            body,
            "request_object_signing_alg",
            REQUEST_OBJECT_ALGORITHMS if config.request_parameter else (),
        ),
        default_max_age=_max_age(body),
        default_acr_values=tuple(body.get("default_acr_values") or ()),
        require_auth_time=_truth(body, "require_auth_time"),
        jwks=_jwks(body, method),
        jwks_uri=_called(body, "jwks_uri", config),
        request_uris=_request_uris(body, config),
        sector_identifier_uri=_called(body, "sector_identifier_uri", config),
        **_logout(body, method, uris, config),
        subject_type=_subject_type(body, config),
        **protection_of(body, config),
        display=_display(body, uris),
    )
    return check_protection(client)


def metadata_of_client(client: ClientConfig) -> dict[str, Any]:
    """Return all registered metadata of `client`, what the server filled in included."""
    members: dict[str, Any] = {
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "grant_types": list(client.grant_types),
        "response_types": list(client.response_types),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "scope": client.scope,
        "application_type": client.application_type,
        "subject_type": client.subject_type,
        **protection_members(client),
        "sector_identifier_uri": client.sector_identifier_uri,
        "request_uris": list(client.request_uris),
        "id_token_signed_response_alg": client.id_token_signed_response_alg,
        "token_endpoint_auth_signing_alg": client.token_endpoint_auth_signing_alg,
        "request_object_signing_alg": client.request_object_signing_alg,
        "default_max_age": client.default_max_age,
        "default_acr_values": list(client.default_acr_values),
        "require_auth_time": client.require_auth_time or None,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required or None,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required or None,
        **client.display,
    }
    return {name: value for name, value in members.items() if value not in (None, [], "")}


def _subject_type(body: Mapping[str, Any], config: ServerConfig) -> Any:
    """Return the kind of sub that the client gets."""
    offered = ("public", "pairwise") if config.pairwise else ("public",)
    return _choice(body, "subject_type", "public", offered)


def _signing_algorithms(method: str) -> tuple[str, ...]:
    """Return the algorithms that a client's assertions may have."""
    return SECRET_ALGORITHMS if method == "client_secret_jwt" else ASSERTION_ALGORITHMS


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(member, str) for member in value)


def _choice(body: Mapping[str, Any], name: str, default: str, allowed: tuple[str, ...]) -> Any:
    value = body.get(name, default)
    if value not in allowed:
        raise OAuthFault("invalid_client_metadata", f"{name} has a value that is not supported")
    return value


def _optional_choice(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    return None if body.get(name) is None else str(_choice(body, name, "", allowed))


def _check_grants(
    grants: tuple[str, ...], types: tuple[str, ...], method: str, config: ServerConfig
) -> None:
    """Refuse what is not offered, and grants that contradict the response types (2.1)."""
    if not set(grants) <= set(config.registrable_grant_types):
        raise OAuthFault("invalid_client_metadata", "grant_types has a value not supported")
    known = [sorted(value.split(" ")) for value in config.response_types]
    if any(sorted(value.split(" ")) not in known for value in types):
        raise OAuthFault("invalid_client_metadata", "response_types has a value not supported")
    words = {word for value in types for word in value.split(" ")}
    needed = {"authorization_code"} if "code" in words else set()
    needed |= {"implicit"} if words & {"token", "id_token"} else set()
    if needed != set(grants) & {"authorization_code", "implicit"}:
        raise OAuthFault("invalid_client_metadata", "grant_types and response_types contradict")
    if method == "none" and "client_credentials" in grants:
        raise OAuthFault("invalid_client_metadata", "client_credentials needs credentials")


def _check_redirect_uris(uris: tuple[str, ...], grants: tuple[str, ...], kind: str) -> None:
    if not uris and set(grants) & {"authorization_code", "implicit"}:
        raise OAuthFault("invalid_redirect_uri", "redirect_uris is missing")
    for uri in uris:
        if not _redirect_uri_is_fine(uri, kind, implicit="implicit" in grants):
            raise OAuthFault("invalid_redirect_uri", "a redirect URI cannot be registered")


def _redirect_uri_is_fine(uri: str, kind: str, *, implicit: bool) -> bool:
    """Return whether the URI is https, http on loopback, or a native client's own scheme."""
    if not uri.isascii() or not uri.isprintable() or set(uri) & set(' "<>\\^`{|}#*'):
        return False
    try:
        parts = urlsplit(uri)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if parts.scheme == "https":
        return bool(host) and parts.path != "" and not (implicit and host in _LOOPBACK)
    if parts.scheme == "http":
        return host in _LOOPBACK and not (implicit and kind == "web")
    return kind == "native" and "." in parts.scheme


def _post_logout_uris(body: Mapping[str, Any]) -> tuple[str, ...]:
    uris = tuple(body.get("post_logout_redirect_uris") or ())
    for uri in uris:
        if not _redirect_uri_is_fine(uri, str(body.get("application_type", "web")), implicit=False):
            raise OAuthFault("invalid_client_metadata", "a post_logout_redirect_uri is not fine")
    return uris


def _scope(body: Mapping[str, Any], config: ServerConfig) -> str:
    text = body.get("scope", " ".join(config.scopes))
    if not isinstance(text, str):
        raise OAuthFault("invalid_client_metadata", "scope has to be a text")
    return " ".join(value for value in text.split() if value in config.scopes)


def _max_age(body: Mapping[str, Any]) -> int | None:
    value = body.get("default_max_age")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise OAuthFault("invalid_client_metadata", "default_max_age has to be a number")
    return value


def _truth(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise OAuthFault("invalid_client_metadata", f"{name} has to be true or false")
    return bool(value)


def _jwks(body: Mapping[str, Any], method: str) -> dict[str, Any] | None:
    jwks = body.get("jwks")
    if jwks is not None and "jwks_uri" in body:
        raise OAuthFault("invalid_client_metadata", "jwks and jwks_uri exclude each other")
    if jwks is None:
        if method == "private_key_jwt" and body.get("jwks_uri") is None:
            raise OAuthFault("invalid_client_metadata", "private_key_jwt needs jwks or jwks_uri")
        return None
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not all(
        isinstance(key, dict) and isinstance(key.get("kty"), str) for key in keys
    ):
        raise OAuthFault("invalid_client_metadata", "jwks has to be a JWK Set")
    if any(_PRIVATE_MEMBERS & set(key) for key in keys):
        raise OAuthFault("invalid_client_metadata", "jwks has a private key in it")
    return dict(jwks)


def _request_uris(body: Mapping[str, Any], config: ServerConfig) -> tuple[str, ...]:
    """Return the addresses of Request Objects: https, or trusted and signed with known keys."""
    uris = tuple(body.get("request_uris") or ())
    for uri in uris:
        called = uri.partition("#")[0]
        signed = body.get("jwks") is not None or body.get("jwks_uri") is not None
        if not Outbound(config.trusted_hosts).may_call(called) or not (
            signed or called.startswith("https:")
        ):
            raise OAuthFault("invalid_client_metadata", "a request_uri is not fine")
    return uris


def _logout(
    body: Mapping[str, Any], method: str, uris: tuple[str, ...], config: ServerConfig
) -> dict[str, Any]:
    """Return how the client learns of logouts (Back-Channel 2.2, Front-Channel section 2)."""
    told = {
        f"{channel}_logout_session_required": _truth(body, f"{channel}_logout_session_required")
        for channel in ("backchannel", "frontchannel")
    }
    back = _called(body, "backchannel_logout_uri", config)
    front = body.get("frontchannel_logout_uri")
    for uri in (back, front):
        if uri is not None and not _logout_uri_is_fine(uri, method):
            raise OAuthFault("invalid_client_metadata", "a logout URI is not fine")
    if front is not None and _origin(front) not in {_origin(uri) for uri in uris}:
        raise OAuthFault("invalid_client_metadata", "frontchannel_logout_uri is of another origin")
    return {**told, "backchannel_logout_uri": back, "frontchannel_logout_uri": front}


def _logout_uri_is_fine(uri: object, method: str) -> bool:
    """Return whether a URI is absolute, without fragment, and https for a public client."""
    if not isinstance(uri, str) or not _redirect_uri_is_fine(uri, "web", implicit=False):
        return False
    return uri.startswith("https://") or method != "none"


def _origin(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc


def _called(body: Mapping[str, Any], name: str, config: ServerConfig) -> str | None:
    """Return an address that the server itself will call: https, or a host that it trusts."""
    value = body.get(name)
    if value is not None and not (
        isinstance(value, str) and Outbound(config.trusted_hosts).may_call(value)
    ):
        raise OAuthFault("invalid_client_metadata", f"{name} has a value that is not fine")
    return value


def _display(body: Mapping[str, Any], uris: tuple[str, ...]) -> dict[str, Any]:
    """Return what a person is shown; logo and policy are of a redirect URI's host (9.1)."""
    hosts = {urlsplit(uri).hostname for uri in uris if uri.startswith("https:")}
    shown: dict[str, Any] = {}
    for name in (*_TEXTS, *_URLS):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or (name in _URLS and not _is_https(value)):
            raise OAuthFault("invalid_client_metadata", f"{name} has a value that is not fine")
        if name in _OF_OUR_HOST and hosts and urlsplit(value).hostname not in hosts:
            raise OAuthFault("invalid_client_metadata", f"{name} is of another host")
        shown[name] = value
    contacts = body.get("contacts")
    if contacts is not None:
        if not _is_text_list(contacts):
            raise OAuthFault("invalid_client_metadata", "contacts has to be a list of texts")
        shown["contacts"] = contacts
    return shown


def _is_https(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and uri.isascii() and uri.isprintable()
