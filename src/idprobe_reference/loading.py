"""A server's configuration from a TOML or JSON file; what is wrong is said in one sentence."""

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from idprobe.errors import ProfileError
from idprobe_reference.settings import ClientConfig, ServerConfig, UserConfig

__all__ = ["load_config"]

_DEFAULT_ISSUER: Final = "http://127.0.0.1:9400"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_SECRET_METHODS: Final = frozenset(
    {"client_secret_basic", "client_secret_post", "client_secret_jwt"}
)


def load_config(path: Path | str) -> ServerConfig:
    """Return the configuration in the file at `path`; raises ProfileError naming key and fix."""
    where = str(path)
    document = _document(Path(path), where)
    clients = _tables(document, "clients", where)
    users = _tables(document, "users", where)
    read = {name: value for name, value in document.items() if name not in {"clients", "users"}}
    config: ServerConfig = _build(
        ServerConfig,
        {
            "issuer": _DEFAULT_ISSUER,
            **read,
            "clients": tuple(
                _build(ClientConfig, {"client_id": name, **table}, where, f"clients.{name}")
                for name, table in clients.items()
            ),
            "users": tuple(
                _build(UserConfig, {"username": name, "sub": name, **table}, where, f"users.{name}")
                for name, table in users.items()
            ),
        },
        where,
        "",
    )
    _check_server(config, where)
    _check_resources(config, where)
    for client in config.clients:
        _check_client(client, config, where)
    return config


def _document(path: Path, where: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ProfileError(where, "", f"cannot be read: {error}") from error
    try:
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise ProfileError(where, "", f"is not {kind}: {error}") from error
    if not isinstance(document, dict):
        raise ProfileError(where, "", "has to be one object")
    return document


def _tables(document: Mapping[str, Any], key: str, where: str) -> dict[str, dict[str, Any]]:
    tables = document.get(key)
    if not isinstance(tables, dict) or not tables:
        raise ProfileError(where, key, f"needs at least one table [{key}.NAME]")
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ProfileError(where, f"{key}.{name}", "has to be a table")
    return tables


def _build(kind: type[Any], values: Mapping[str, Any], where: str, at: str) -> Any:
    hints = get_type_hints(kind)
    for key, value in values.items():
        path = f"{at}.{key}" if at else key
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ProfileError(where, path, f"is no known key{hint}")
        if key not in {"clients", "users"}:
            _check_type(hints[key], value, where, path)
    missing = [
        field.name
        for field in dataclasses.fields(kind)
        if field.name not in values
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        path = f"{at}.{missing[0]}" if at else missing[0]
        raise ProfileError(where, path, "is missing; add it")
    return kind(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})


def _check_type(hint: Any, value: Any, where: str, path: str) -> None:
    inner = _without_none(hint)
    origin, arguments = get_origin(inner), get_args(inner)
    if origin is Literal:
        wanted, fits = f"one of {_listed(arguments)}", value in arguments
    elif origin is tuple:
        wanted, fits = _list_type(arguments[0], value)
    elif inner is bool:
        wanted, fits = "true or false", isinstance(value, bool)
    elif inner is int:
        number = isinstance(value, int) and not isinstance(value, bool)
        wanted, fits = "a whole number, 0 or more", number and value >= 0
    elif inner is str:
        wanted, fits = "a text", isinstance(value, str)
    else:
        wanted, fits = "a table", isinstance(value, dict)
    if not fits:
        raise ProfileError(where, path, f"has to be {wanted}")


def _without_none(hint: Any) -> Any:
    members = [member for member in get_args(hint) if member is not type(None)]
    return members[0] if type(None) in get_args(hint) else hint


def _list_type(member: Any, value: Any) -> tuple[str, bool]:
    if not isinstance(value, list):
        return "a list", False
    if get_origin(member) is Literal:
        allowed = get_args(member)
        return f"a list of {_listed(allowed)}", all(v in allowed for v in value)
    return "a list of texts", all(isinstance(v, str) for v in value)


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(map(str, values))


def _check_server(config: ServerConfig, where: str) -> None:
    issuer = urlsplit(config.issuer)
    if issuer.scheme not in {"http", "https"} or not issuer.hostname:
        raise ProfileError(where, "issuer", "has to be an http or https URL")
    if issuer.query or issuer.fragment or config.issuer.endswith(("?", "#")):
        raise ProfileError(where, "issuer", "may have no query and no fragment")
    if issuer.scheme == "http" and issuer.hostname not in _LOOPBACK:
        raise ProfileError(where, "issuer", "may use http on the loopback interface only")
    for kind, names in (
        ("clients", [client.client_id for client in config.clients]),
        ("users", [user.username for user in config.users]),
    ):
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ProfileError(where, kind, f"{twice[0]} is there twice; rename one")
    if not set(config.id_token_signing_alg_values) <= {"RS256", "ES256", "HS256"}:
        raise ProfileError(
            where, "id_token_signing_alg_values", "knows RS256, ES256 and HS256 only"
        )
    if config.access_token_signing_alg not in {"RS256", "ES256"}:
        raise ProfileError(where, "access_token_signing_alg", "is RS256 or ES256")
    if "RS256" not in config.id_token_signing_alg_values:
        raise ProfileError(where, "id_token_signing_alg_values", "has to contain RS256")
    if config.registration == "token" and not config.initial_access_token:
        raise ProfileError(where, "initial_access_token", 'is missing; registration = "token"')


def _check_resources(config: ServerConfig, where: str) -> None:
    for resource, scope in config.resources.items():
        if not isinstance(scope, str):
            raise ProfileError(where, f"resources.{resource}", "has to be a text of scopes")


def _check_client(client: ClientConfig, config: ServerConfig, where: str) -> None:
    at = f"clients.{client.client_id}"
    method = client.token_endpoint_auth_method
    if method in _SECRET_METHODS and not client.client_secret:
        raise ProfileError(where, f"{at}.client_secret", f"is missing; {method} needs it")
    if method == "private_key_jwt" and not client.jwks:
        raise ProfileError(where, f"{at}.jwks", "is missing; private_key_jwt needs it")
    unknown = client.scopes - config.known_scopes
    if unknown:
        raise ProfileError(where, f"{at}.scope", f"{min(unknown)} is not in the server's scopes")
    if (
        client.response_types
        and not client.redirect_uris
        and "authorization_code" in client.grant_types
    ):
        raise ProfileError(where, f"{at}.redirect_uris", "is missing; the code flow needs one")
    for uri in client.redirect_uris:
        parts = urlsplit(uri)
        if not parts.scheme or "#" in uri or not uri.isascii():
            raise ProfileError(
                where, f"{at}.redirect_uris", "holds absolute ASCII URIs without fragment"
            )
