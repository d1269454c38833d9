"""The clients and users that the suite wants, as something that a provider can import."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from idprobe.content import content
from idprobe.errors import UsageError
from idprobe.formats.jose import generate_key, public_key
from idprobe.setup.required_clients import ALL_SCOPES, WANTED, WANTED_USERS, Wanted

__all__ = [
    "Credentials",
    "add_provision_command",
    "fresh_credentials",
    "keycloak_realm",
    "neutral_document",
    "profile_text",
]

REALM: Final = "idprobe"
SIGNED: Final = "signed"
DEFAULT_BASE_URL: Final = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets of everybody, made for one provider."""

    secrets: Mapping[str, str] = field(repr=False)
    """By the name of the client."""
    passwords: Mapping[str, str] = field(repr=False)
    """By the name of the user."""
    key: Mapping[str, Any] = field(repr=False)
    """The private key of the client that signs."""

    def variables(self) -> dict[str, str]:
        """Return the environment variables that a profile takes them from."""
        found = {variable(name, "SECRET"): secret for name, secret in self.secrets.items()}
        found |= {variable(name, "PASSWORD"): one for name, one in self.passwords.items()}
        return {**found, variable(SIGNED, "JWKS"): _json({"keys": [dict(self.key)]})}


def fresh_credentials() -> Credentials:
    """Return secrets that nobody has seen."""
    return Credentials(
        {one.name: secrets.token_urlsafe(32) for one in WANTED if one.has_secret},
        {user.name: secrets.token_urlsafe(18) for user in WANTED_USERS},
        {**generate_key("EC", "P-256"), "use": "sig", "alg": "ES256"},
    )


def variable(name: str, what: str) -> str:
    """Return the name of an environment variable, such as IDPROBE_WEB_SECRET."""
    return f"IDPROBE_{name.upper()}_{what}"


def neutral_document(credentials: Credentials) -> dict[str, Any]:
    """Return clients (members as in RFC 7591 section 2), scopes and users, for any provider."""
    return {
        "scopes": list(ALL_SCOPES),
        "clients": [_neutral_client(one, credentials) for one in WANTED],
        "users": [
            {"username": user.name, "password": credentials.passwords[user.name], **user.claims}
            for user in WANTED_USERS
        ],
    }


def keycloak_realm(credentials: Credentials) -> dict[str, Any]:
    """Return a realm for Keycloak to import: the one that we test with, its secrets replaced."""
    text = content("fixtures", "servers", "keycloak", "realm.json").read_text(encoding="utf-8")
    realm: dict[str, Any] = json.loads(text)
    del realm["components"]  # who may register clients elsewhere is not for us to say
    for client in realm["clients"]:
        name = client["clientId"]
        if name in credentials.secrets:
            client["secret"] = credentials.secrets[name]
        if name == SIGNED:
            keys = {"keys": [public_key(credentials.key)]}
            client["attributes"]["jwks.string"] = json.dumps(keys)
    for user in realm["users"]:
        password = credentials.passwords[user["username"]]
        user["credentials"] = [{"type": "password", "value": password}]
    return realm


def profile_text(issuer: str, credentials: Credentials) -> str:
    """Return the profile that fits, its secrets in the environment: a comment says how."""
    lines = [
        "# Written by `idprobe provision`. The secrets are taken from the environment: keep these",
        "# lines where only you can read them, and remove them here.",
        *(f"# export {name}={_quoted(one)}" for name, one in credentials.variables().items()),
        "",
        f"issuer = {_json(issuer)}",
        'standards = ["oauth2.0", "oidc", "bcp"]',
    ]
    for wanted in WANTED:
        lines += ["", f"[clients.{wanted.name}]", *_client_lines(wanted)]
    for user in WANTED_USERS:
        password = f"{{ env = {_json(variable(user.name, 'PASSWORD'))} }}"
        lines += ["", f"[users.{user.name}]", f"username = {_json(user.name)}"]
        lines += [f"password = {password}"]
    return "\n".join([*lines, "", "[login]", 'driver = "form"', ""])


def add_provision_command(group: click.Group) -> None:
    """Attach the verb `provision` to a group."""

    @group.command()
    @click.option(
        "--for",
        "kind",
        type=click.Choice(["json", "keycloak"]),
        default="json",
        show_default=True,
        help="json: for any provider; keycloak: a realm to import.",
    )
    @click.option(
        "--base-url",
        default=DEFAULT_BASE_URL,
        show_default=True,
        metavar="URL",
        help="Where the provider will be; for keycloak without /realms/...",
    )
    @click.option(
        "--profile",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write the profile that fits to this file.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, as without it.")
    def provision(kind: str, base_url: str, profile: Path | None, *, as_json: bool) -> int:
        """Print the clients, scopes and users that the suite wants, with fresh secrets.

        \b
        idprobe provision --profile acme.toml --base-url https://id.example
        idprobe provision --for keycloak > realm.json
        """  # noqa: D301 -- \b is click's, and keeps the lines apart
        del as_json  # there is nothing else to print
        credentials = fresh_credentials()
        base_url = base_url.rstrip("/")
        is_keycloak = kind == "keycloak"
        document = keycloak_realm(credentials) if is_keycloak else neutral_document(credentials)
        issuer = f"{base_url}/realms/{REALM}" if is_keycloak else base_url
        if profile is not None:
            _write_private(profile, profile_text(issuer, credentials))
            click.echo(f"idprobe: wrote {profile}; it says which variables to set", err=True)
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return 0


def _neutral_client(wanted: Wanted, credentials: Credentials) -> dict[str, Any]:
    members = {"client_id": wanted.name, **wanted.metadata(ALL_SCOPES)}
    if wanted.has_secret:
        members["client_secret"] = credentials.secrets[wanted.name]
    if wanted.name == SIGNED:
        members["jwks"] = {"keys": [public_key(credentials.key)]}
    return members


def _client_lines(wanted: Wanted) -> list[str]:
    """Return the members of a client in a profile, in TOML."""
    members = {"client_id": wanted.name, **wanted.metadata(ALL_SCOPES)}
    del members["client_name"]
    lines = [f"{name} = {_json(value)}" for name, value in members.items()]
    if wanted.has_secret:
        lines.append(f"client_secret = {{ env = {_json(variable(wanted.name, 'SECRET'))} }}")
    if wanted.name == SIGNED:
        lines.append(f"jwks = {{ env = {_json(variable(SIGNED, 'JWKS'))} }}")
    return lines


def _json(value: Any) -> str:
    """Return a text or a list of texts in JSON, which TOML reads too."""
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str) -> str:
    """Return text between quotes of a shell; none of ours has a quote of its own."""
    return f"'{text}'"


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read; never over one that is there."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} is there already: name another file") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{path} cannot be written ({why}): name another file") from None
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
