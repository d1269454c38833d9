"""From a document that meets the schema to a Profile: defaults, and what a schema cannot say."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from idprobe.formats.schemas import nearest, schema
from idprobe.model.profile.addresses import host_of, is_usable_url
from idprobe.model.profile.clients import KEY_METHODS, SECRET_METHODS, Client, Role, cast
from idprobe.model.profile.model import (
    AssertionGrant,
    Deviation,
    Indicator,
    Limits,
    Listening,
    Login,
    Network,
    Node,
    Profile,
    Target,
    Tls,
    User,
    polite_limits,
)
from idprobe.model.profile.values import Source

__all__ = ["frozen", "read_profile"]

OPENID_CONFIGURATION: Final = "/.well-known/openid-configuration"
OAUTH_CONFIGURATION: Final = "/.well-known/oauth-authorization-server"
EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 -- named to be asked about
STANDARDS: Final = ("oauth2.0", "oidc", "bcp")
LATER: Final = ("load",)


def read_profile(document: Mapping[str, Any], source: Source) -> Profile:
    """Return the profile that a document, valid by the schema, describes."""
    _check_urls(document, source)
    issuer, embedded = _issuer(document, source)
    clients = _clients(document, source)
    registration = document.get("registration", {})
    return Profile(
        name=source.path.stem,
        where=source.where,
        issuer=issuer,
        metadata_url=document.get("metadata_url"),
        embedded=embedded,
        standards=_standards(document, source),
        features=tuple(document.get("features", ())),
        endpoints=frozen(document.get("endpoints", {})),
        clients=MappingProxyType({client.name: client for client in clients}),
        users=MappingProxyType(_users(document)),
        login=_login(document.get("login", {})),
        target=_target(document.get("target", {})),
        resource_url=document.get("resource", {}).get("url"),
        indicators=_indicators(document.get("resource", {})),
        assertion_grant=_assertion_grant(document.get("assertion_grant")),
        initial_access_token=registration.get("initial_access_token"),
        contract=frozen(document.get("contract", {})),
        limits=_limits(document.get("limits", {}), issuer or None, source),
        tls=_tls(document.get("tls", {}), source),
        network=_network(document.get("network", {})),
        listener=_listener(document, source),
        nodes=_nodes(document, source),
        deviations=tuple(_deviation(one) for one in document.get("deviations", ())),
        quarantine=tuple(_deviation(one) for one in document.get("quarantine", ())),
        extras=frozen({key: document[key] for key in LATER if key in document}),
    )


def frozen(value: Any) -> Any:
    """Return decoded JSON or TOML with its tables as read-only mappings and its lists as tuples."""
    match value:
        case dict():
            return MappingProxyType({key: frozen(one) for key, one in value.items()})
        case list():
            return tuple(frozen(one) for one in value)
        case _:
            return value


def _issuer(document: Mapping[str, Any], source: Source) -> tuple[str, str | None]:
    """Return the issuer ("" for the embedded server) and the embedded server's name."""
    issuer, metadata_url = document.get("issuer"), document.get("metadata_url")
    embedded = document.get("embedded")
    if embedded is not None:
        if issuer or metadata_url:
            key = "issuer" if issuer else "metadata_url"
            raise source.error(key, "remove it: the embedded server has its own")
        return "", "reference" if embedded is True else embedded
    if issuer:
        return issuer, None
    if not metadata_url:
        raise source.error("issuer", "is missing: add it, or metadata_url, or embedded = true")
    return _issuer_of(metadata_url, source), None


def _check_urls(document: Mapping[str, Any], source: Source) -> None:
    """Raise ProfileError for a URL that nothing can be sent to."""
    places: list[tuple[str | int, ...]] = [("issuer",), ("metadata_url",), ("resource", "url")]
    places += [("listener", "public_url")]
    places += [("endpoints", name) for name in document.get("endpoints", {})]
    places += [
        ("login", "pages", n) for n in range(len(document.get("login", {}).get("pages", ())))
    ]
    for place in places:
        value: Any = document
        for key in place:
            value = value[key] if isinstance(key, int) else value.get(key, {})
        if value and not is_usable_url(value):
            fix = "must be an absolute http or https URL, without a user name"
            raise source.error(place, fix)


def _nodes(document: Mapping[str, Any], source: Source) -> tuple[Node, ...]:
    nodes = document.get("nodes", ())
    for number, node in enumerate(nodes):
        if not is_usable_url(node["url"]):
            fix = "must be an absolute http or https URL, without a user name"
            raise source.error(("nodes", number, "url"), fix)
    if len(nodes) == 1:
        raise source.error("nodes", "has one replica: name two or more, or none")
    found = tuple(Node(one.get("name") or host_of(one["url"]), one["url"]) for one in nodes)
    if len({node.name for node in found}) < len(found):
        raise source.error("nodes", "has a name twice: give each replica its own")
    return found


def _issuer_of(metadata_url: str, source: Source) -> str:
    """Return the issuer whose metadata are there (OIDC Discovery section 4, RFC 8414 section 3)."""
    if metadata_url.endswith(OPENID_CONFIGURATION):
        return metadata_url.removesuffix(OPENID_CONFIGURATION)
    before, found, path = metadata_url.partition(OAUTH_CONFIGURATION)
    if found:
        return before + path
    raise source.error("issuer", "is missing: metadata_url is not at a well-known place, so add it")


def _standards(document: Mapping[str, Any], source: Source) -> tuple[str, ...]:
    families = schema("profile")["$defs"]["family"]["enum"]
    standards = tuple(document.get("standards", STANDARDS))
    for number, standard in enumerate(standards):
        family = standard.partition(":")[0]
        if family not in families:
            meant = nearest(family, families)
            hint = f"did you mean {meant}?" if meant else f"known are {', '.join(families)}"
            raise source.error(("standards", number), f"{standard} is no standard we know, {hint}")
    return standards


def _clients(document: Mapping[str, Any], source: Source) -> tuple[Client, ...]:
    tables = document.get("clients", {})
    if not tables and "registration" in document:
        return ()  # they come by `--register`
    if not tables:
        fix = "is missing: add one, as [clients.web], or an empty [registration] for --register"
        raise source.error("clients", fix)
    explicit = [name for name, table in tables.items() if "roles" in table]
    return cast((_client(name, table, source) for name, table in tables.items()), explicit)


def _client(name: str, table: Mapping[str, Any], source: Source) -> Client:
    grant_types, response_types = _registered(name, table, source)
    client = Client(
        name=name,
        client_id=table["client_id"],
        client_secret=table.get("client_secret"),
        token_endpoint_auth_method=table.get("token_endpoint_auth_method", "client_secret_basic"),
        grant_types=grant_types,
        response_types=response_types,
        redirect_uris=tuple(table.get("redirect_uris", ())),
        scope=table.get("scope", ""),
        jwks=_jwks(name, table, source),
        roles=frozenset(Role(role) for role in table.get("roles", ())),
        post_logout_redirect_uris=tuple(table.get("post_logout_redirect_uris", ())),
        application_type=table.get("application_type", "web"),
    )
    _require_credentials(client, source)
    if response_types and not client.redirect_uris:
        fix = f"is missing: response type {response_types[0]} needs one, or set response_types = []"
        raise source.error(("clients", name, "redirect_uris"), fix)
    return client


def _registered(
    name: str, table: Mapping[str, Any], source: Source
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return grant_types and response_types, either inferred (RFC 7591 section 2.1)."""
    grants, types = table.get("grant_types"), table.get("response_types")
    if types is None:
        grants = ["authorization_code"] if grants is None else grants
        if "implicit" in grants:
            fix = "is missing: say which response types the client has, such as id_token token"
            raise source.error(("clients", name, "response_types"), fix)
        types = ["code"] if "authorization_code" in grants else []
    if grants is None:
        words = {word for value in types for word in value.split()}
        grants = ["authorization_code"] if "code" in words else []
        grants += ["implicit"] if words & {"token", "id_token"} else []
    return tuple(grants), tuple(types)


def _require_credentials(client: Client, source: Source) -> None:
    method = client.token_endpoint_auth_method
    place: tuple[str | int, ...] = ("clients", client.name)
    if method in SECRET_METHODS and client.client_secret is None:
        fix = f'{method} needs one: add it, or set token_endpoint_auth_method = "none"'
        raise source.error((*place, "client_secret"), fix)
    if method in KEY_METHODS and client.jwks is None:
        fix = f"{method} needs the client's private keys: add jwks = {{ file = ... }}"
        raise source.error((*place, "jwks"), fix)


def _jwks(name: str, table: Mapping[str, Any], source: Source) -> Mapping[str, Any] | None:
    value = table.get("jwks")
    if value is None:
        return None
    place = ("clients", name, "jwks")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise source.error(place, "must be JSON: a JWK set with keys") from None
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise source.error(place, "must be a JWK set: an object with keys, at least one")
    jwks: Mapping[str, Any] = frozen(value)
    return jwks


def _users(document: Mapping[str, Any]) -> dict[str, User]:
    users = {name: User(name=name, **table) for name, table in document.get("users", {}).items()}
    if not users and document.get("login", {}).get("cookies"):
        return {"session": User("session", "", "")}
    return users


def _login(table: Mapping[str, Any]) -> Login:
    others = ("driver", "cookies", "browser", "pages")
    hints = {key: value for key, value in table.items() if key not in others}
    cookies, browser = table.get("cookies"), table.get("browser")
    pages = tuple(table.get("pages", ()))
    return Login(table.get("driver", "form"), frozen(hints), cookies, browser, pages)


def _target(table: Mapping[str, Any]) -> Target:
    return Target(table.get("authorized_by"), _day(table), table.get("tls", "direct"))


def _assertion_grant(table: Mapping[str, Any] | None) -> AssertionGrant | None:
    return None if table is None else AssertionGrant(table["subject"], table.get("issuer"))


def _indicators(table: Mapping[str, Any]) -> tuple[Indicator, ...]:
    return tuple(Indicator(one["uri"], one["scope"]) for one in table.get("indicators", ()))


def _deviation(table: Mapping[str, Any]) -> Deviation:
    return Deviation(
        table["requirement"], table["because"], _day(table), table.get("depth", "quick")
    )


def _day(table: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(table["until"]) if "until" in table else None


def _limits(table: Mapping[str, Any], issuer: str | None, source: Source) -> Limits:
    for key, value in table.items():
        if not math.isfinite(value):
            raise source.error(("limits", key), "must be a finite number; leave it out instead")
    return replace(polite_limits(issuer), **table)


def _tls(table: Mapping[str, Any], source: Source) -> Tls:
    def path(key: str) -> Path | None:
        if key not in table:
            return None
        found: Path = source.path.parent / table[key]
        if not found.is_file():
            raise source.error(("tls", key), f"{found} is no file: create it, or change the path")
        return found

    insecure = table.get("insecure", False)
    return Tls(path("ca_file"), path("client_cert"), path("client_key"), insecure)


def _listener(document: Mapping[str, Any], source: Source) -> Listening | None:
    """Return where we listen, None where the profile has no such table."""
    if "listener" not in document:
        return None
    settings = Listening(**document["listener"])
    if settings.public_url is None and settings.host in EVERYWHERE:
        fix = f"is missing: no server can call {settings.host}, so say how it reaches us"
        raise source.error(("listener", "public_url"), fix)
    return settings


def _network(table: Mapping[str, Any]) -> Network:
    headers = tuple(table.get("headers", {}).items())
    return Network(table.get("proxy"), headers, frozen(table.get("resolve", {})))
