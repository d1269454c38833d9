"""What the suite wants, printed for a provider to import, and the profile that fits it."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Client, Profile, Role, load_profile
from idprobe.model.verdict import name_of
from idprobe.setup.provisioning import (
    Credentials,
    fresh_credentials,
    keycloak_realm,
    neutral_document,
    profile_text,
)
from idprobe.setup.required_clients import ALL_SCOPES, WANTED, WANTED_USERS
from idprobe_reference.config import speakup_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig, UserConfig

ISSUER: Final = "http://127.0.0.1:8081"
LISTS: Final = ("grant_types", "response_types", "redirect_uris", "post_logout_redirect_uris")
AUTHENTICATORS: Final = {
    "client_secret_basic": "client-secret",
    "client_secret_post": "client-secret",
    "private_key_jwt": "client-jwt",
}
EVERYDAY: Final = frozenset(
    {
        "basic_authentication",
        "client_credentials_refreshed",
        "code_redeemed",
        "hybrid_code_id_token",
        "implicit_id_token",
        "public_client_unnamed",
        "secret_in_body",
        "assertion_parameters",
    }
)


def fitting_profile(issuer: str, credentials: Credentials, folder: Path) -> Profile:
    """Return the profile, loaded from its file as a person would."""
    path = folder / "fits.toml"
    path.write_text(profile_text(issuer, credentials), encoding="utf-8")
    return load_profile(path, credentials.variables())


def provider_of(document: dict[str, Any]) -> ServerConfig:
    """Return a server that has imported the neutral document."""
    clients = []
    for client in document["clients"]:
        members: dict[str, Any] = {name: tuple(client.get(name, ())) for name in LISTS}
        rest = {name: one for name, one in client.items() if name not in {*LISTS, "client_name"}}
        clients.append(ClientConfig(**rest, **members))
    users = [
        UserConfig(user["username"], user["password"], f"sub-{user['username']}", user)
        for user in document["users"]
    ]
    return replace(
        speakup_config(ISSUER),
        clients=tuple(clients),
        users=tuple(users),
        scopes=tuple(document["scopes"]),
    )


def test_the_neutral_document_and_its_profile_fit_each_other(tmp_path: Path) -> None:
    credentials = fresh_credentials()
    profile = fitting_profile(ISSUER, credentials, tmp_path)
    server = ReferenceServer(provider_of(neutral_document(credentials)))
    checks = [check for check in all_checks() if EVERYDAY & set(check.probes)]

    audit = Audit(profile, Options(tmp_path / "out", keeps_evidence=False), InProcess(server.app))
    judgements = judged(audit, checks)

    unsure = [f"{j.check}: {j.verdict}" for j in judgements if name_of(j.verdict) == "inconclusive"]
    assert unsure == []
    assert {
        probe for j in judgements if name_of(j.verdict) == "satisfied" for probe in j.traces
    } >= (EVERYDAY - {"client_credentials_refreshed"})


def test_every_wanted_client_plays_its_role_in_the_profile(tmp_path: Path) -> None:
    profile = fitting_profile(ISSUER, fresh_credentials(), tmp_path)

    for wanted in WANTED:
        client = profile.client_for(wanted.role)
        assert client is not None, wanted.role
        assert client.name == wanted.name
    assert [user.name for user in profile.users.values()] == [user.name for user in WANTED_USERS]


def test_the_profile_has_no_secret_outside_its_comments(tmp_path: Path) -> None:
    credentials = fresh_credentials()
    text = profile_text(ISSUER, credentials)

    told = "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    for secret in credentials.variables().values():
        assert secret not in told
        assert secret in text
        assert secret not in repr(credentials)
    assert fitting_profile(ISSUER, credentials, tmp_path).secrets()


def test_the_exports_of_the_profile_are_read_by_a_shell_as_they_are(tmp_path: Path) -> None:
    credentials = fresh_credentials()
    lines = [line[2:] for line in profile_text(ISSUER, credentials).splitlines()]
    script = tmp_path / "exports.sh"
    exports = [line for line in lines if line.startswith("export ")]
    script.write_text("\n".join([*exports, "env -0"]), encoding="utf-8")

    done = subprocess.run(["/bin/sh", str(script)], capture_output=True, env={}, check=True)

    read = dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if pair)
    assert {name: read.get(name) for name in credentials.variables()} == credentials.variables()


def test_secrets_are_new_each_time_and_long() -> None:
    first, second = fresh_credentials().variables(), fresh_credentials().variables()

    assert set(first.values()).isdisjoint(second.values())
    assert all(len(secret) >= 24 for secret in first.values())


def test_the_neutral_document_has_no_private_key() -> None:
    credentials = fresh_credentials()

    text = json.dumps(neutral_document(credentials))

    assert credentials.key["d"] not in text
    assert credentials.key["x"] in text


# keycloak


def realm_client(realm: dict[str, Any], client: Client) -> dict[str, Any]:
    found = [one for one in realm["clients"] if one["clientId"] == client.client_id]
    assert len(found) == 1, client.client_id
    return dict(found[0])


@pytest.mark.parametrize("role", [wanted.role for wanted in WANTED], ids=str)
def test_the_realm_and_its_profile_fit_each_other(role: Role, tmp_path: Path) -> None:
    credentials = fresh_credentials()
    realm = keycloak_realm(credentials)
    client = fitting_profile(f"{ISSUER}/realms/{realm['realm']}", credentials, tmp_path).client_for(
        role
    )
    assert client is not None
    there = realm_client(realm, client)

    words = {word for one in client.response_types for word in one.split()}
    assert there.get("secret") == client.client_secret
    assert there.get("publicClient", False) is client.is_public
    assert set(there.get("redirectUris", [])) == set(client.redirect_uris)
    assert there["standardFlowEnabled"] is ("code" in words)
    assert there.get("implicitFlowEnabled", False) is bool(words & {"token", "id_token"})
    assert there.get("serviceAccountsEnabled", False) is (
        "client_credentials" in client.grant_types
    )
    method = client.token_endpoint_auth_method
    assert there.get("clientAuthenticatorType") == AUTHENTICATORS.get(method)
    if method.startswith("client_secret"):
        allowed = there["attributes"]["client.secret.authentication.allowed.method"]
        assert allowed == method
    logout = there.get("attributes", {}).get("post.logout.redirect.uris", "")
    assert logout == "##".join(client.post_logout_redirect_uris)


def test_the_realm_has_every_scope_that_the_profile_asks_for(tmp_path: Path) -> None:
    credentials = fresh_credentials()
    realm = keycloak_realm(credentials)
    profile = fitting_profile(ISSUER, credentials, tmp_path)
    there = {scope["name"] for scope in realm["clientScopes"]} | {"openid"}
    given = {*realm["defaultDefaultClientScopes"], *realm["defaultOptionalClientScopes"], "openid"}

    for client in profile.clients.values():
        assert set(client.scopes) <= there & given, client.name
    assert set(ALL_SCOPES) <= there & given


def test_the_realm_has_the_users_and_the_public_key_of_the_profile(tmp_path: Path) -> None:
    credentials = fresh_credentials()
    realm = keycloak_realm(credentials)
    profile = fitting_profile(ISSUER, credentials, tmp_path)

    passwords = {user["username"]: user["credentials"][0]["value"] for user in realm["users"]}
    assert passwords == {user.username: user.password for user in profile.users.values()}
    signed = profile.client_for(Role.SIGNED)
    assert signed is not None
    assert signed.jwks is not None
    keys = json.loads(realm_client(realm, signed)["attributes"]["jwks.string"])["keys"]
    assert [key["kid"] for key in keys] == [key["kid"] for key in signed.jwks["keys"]]
    assert not any("d" in key for key in keys)


def test_no_secret_of_the_shipped_realm_is_given_out_again() -> None:
    shipped = Path("fixtures/servers/keycloak/realm.json").read_text(encoding="utf-8")

    text = json.dumps(keycloak_realm(fresh_credentials()))

    assert "test-only" in shipped
    assert "test-only" not in text


def test_a_realm_to_import_opens_registration_to_nobody() -> None:
    assert "components" not in keycloak_realm(fresh_credentials())


# the command line


def idprobe(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "idprobe", *arguments],
        cwd=folder,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("kind", "issuer"),
    [("json", "http://127.0.0.1:9"), ("keycloak", "http://127.0.0.1:9/realms/idprobe")],
)
def test_provision_prints_json_alone_and_writes_a_private_profile(
    kind: str, issuer: str, tmp_path: Path
) -> None:
    done = idprobe(
        "provision",
        *("--for", kind, "--base-url", "http://127.0.0.1:9/", "--profile", "fits.toml"),
        folder=tmp_path,
    )

    path = tmp_path / "fits.toml"
    text = path.read_text(encoding="utf-8")
    exports = [line for line in text.splitlines() if line.startswith("# export ")]
    environ = {
        name: value.strip("'")
        for name, value in (line.removeprefix("# export ").split("=", 1) for line in exports)
    }
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_profile(path, environ).issuer == issuer
    assert len(done.stderr.splitlines()) == 1
    assert not any(secret in done.stderr for secret in environ.values())
    secrets = [one for name, one in environ.items() if not name.endswith("JWKS")]
    assert all(secret in done.stdout for secret in secrets), "whoever imports it needs them"


def test_provision_never_writes_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("mine", encoding="utf-8")

    done = idprobe("provision", "--profile", "mine.toml", folder=tmp_path)

    assert done.returncode == 2
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "mine"
    assert done.stdout == ""
    assert "is there already" in done.stderr


def test_provision_says_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    done = idprobe("provision", "--profile", "nowhere/fits.toml", folder=tmp_path)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr
