import json
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from idprobe.content import content
from idprobe.errors import EvidenceError, ProfileError
from idprobe.model.catalogue import Family, load_catalogue
from idprobe.model.profile import (
    Capability,
    Client,
    Limits,
    Listening,
    Network,
    Node,
    Profile,
    Provider,
    Role,
    Target,
    Tls,
    User,
    bare_profile,
    consent_missing,
    host_of,
    is_loopback,
    load_profile,
    missing_because,
    redacted_profile,
    restored_profile,
    with_issuer,
)
from idprobe.model.profile.features import FEATURES
from idprobe.model.profile.situation import Situation
from idprobe_reference.config import ClientConfig, ServerConfig, reference_config, speakup_config

WEB = """
[clients.web]
client_id = "app"
client_secret = "hunter2-web-secret"
redirect_uris = ["https://client.example/cb"]
scope = "openid api"
"""
SOUND = f'issuer = "https://id.example"\n{WEB}'
FULL = """
issuer = "https://id.example/tenant"
metadata_url = "https://id.example:8443/tenant/.well-known/openid-configuration"
standards = ["oauth2.0", "oidc:basic"]
features = ["resource_indicators"]

[endpoints]
introspection_endpoint = "https://introspect.example/"

[clients.web]
client_id = "app"
client_secret = { env = "WEB_SECRET" }
token_endpoint_auth_method = "client_secret_post"
grant_types = ["authorization_code", "refresh_token", "client_credentials"]
response_types = ["code"]
redirect_uris = { env = "REDIRECT_URIS" }
scope = "openid offline_access api"

[clients.signed]
client_id = "signed"
token_endpoint_auth_method = "private_key_jwt"
jwks = { file = "signed.jwks.json" }
redirect_uris = ["https://signed.example/cb"]

[users.alice]
username = { env = "TEST_USER" }
password = { file = "password.txt" }
totp_secret = "TOTPTOTPTOTPTOTP"

[login]
driver = "form"
submit = "#go"
cookies = "sid=cookie-secret"
pages = ["https://Login.example:9443/in"]

[target]
authorized_by = "platform team"
until = 2027-03-01

[resource]
url = "https://api.example/me"

[registration]
initial_access_token = "iat-secret"

[contract]
refresh_token_works = true

[limits]
requests_per_second = { env = "RATE" }
max_wait_s = 0

[network]
proxy = "http://me:proxy-secret@proxy.example:3128"
headers = { "X-Api-Key" = "header-secret", "X-Team" = "blue" }

[[deviations]]
requirement = "RFC6749-5.1/cache-control-no-store"
because = "fix promised in 7.2"
until = 2027-03-01

[listener]
host = "::"
port = 4190
public_url = "https://listener.example/idprobe"

[[nodes]]
name = "node-1"
url = "https://node-1.example"

[[nodes]]
url = "https://node-2.example"
"""
ENVIRON = {
    "WEB_SECRET": "hunter2-web-secret",
    "TEST_USER": "alice@id.example",
    "REDIRECT_URIS": "https://client.example/cb https://client.example/2",
    "RATE": "7.5",
}
SECRETS = {
    "hunter2-web-secret", "private-d", "letmein letmein", "TOTPTOTPTOTPTOTP", "cookie-secret",
    "iat-secret", "proxy-secret", "header-secret",
}  # fmt: skip
TODAY = date(2027, 1, 1)


def written(folder: Path, text: str) -> Path:
    path = folder / "acme.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def full(tmp_path: Path) -> Profile:
    jwks = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "d": "private-d"}]}
    (tmp_path / "signed.jwks.json").write_text(json.dumps(jwks), encoding="utf-8")
    (tmp_path / "password.txt").write_text("letmein letmein\n", encoding="utf-8")
    return load_profile(written(tmp_path, FULL), ENVIRON)


def sound(tmp_path: Path, more: str = "") -> Profile:
    return load_profile(written(tmp_path, SOUND + more), {})


def refusal(tmp_path: Path, text: str) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text), {})
    return caught.value


# Reading a file.


@pytest.mark.parametrize(
    ("table", "key", "fix"),
    [
        ("port = 65536", "listener.port", "65535"),
        ('host = "a b"', "listener.host", "host name or an IP address"),
        ('host = "0.0.0.0"', "listener.public_url", "no server can call 0.0.0.0"),
        ('public_url = "https://l.example/?x"', "listener.public_url", "without query"),
        ('bind = "127.0.0.1:1"', "listener", "bind"),
    ],
)
def test_a_listener_that_cannot_be_used_is_told_in_one_sentence(
    tmp_path: Path, table: str, key: str, fix: str
) -> None:
    error = refusal(tmp_path, f"{SOUND}[listener]\n{table}\n")

    assert error.key.startswith(key)
    assert fix in str(error)


@pytest.mark.parametrize(
    ("urls", "key", "fix"),
    [
        (["https://a.example"], "nodes", "name two or more"),
        (["https://a.example", "https://a.example"], "nodes", "has a name twice"),
        (["https://a.example", "https://me@b.example"], "nodes[1].url", "without a user name"),
    ],
)
def test_replicas_that_make_no_sense_are_told_in_one_sentence(
    tmp_path: Path, urls: list[str], key: str, fix: str
) -> None:
    tables = "".join(f'[[nodes]]\nurl = "{url}"\n' for url in urls)

    error = refusal(tmp_path, f"{SOUND}{tables}")

    assert error.key == key
    assert fix in str(error)


def test_an_empty_listener_is_one_on_loopback(tmp_path: Path) -> None:
    assert sound(tmp_path, "[listener]\n").listener == Listening("127.0.0.1", 0, None)


def test_every_table_is_read(full: Profile) -> None:
    assert (full.name, full.issuer) == ("acme", "https://id.example/tenant")
    assert full.standards == ("oauth2.0", "oidc:basic")
    assert full.login.hints == {"submit": "#go"}
    assert full.login.pages == ("https://Login.example:9443/in",)
    assert full.target == Target("platform team", date(2027, 3, 1), "direct")
    assert full.resource_url == "https://api.example/me"
    assert full.contract == {"refresh_token_works": True}
    assert full.deviations[0].until == date(2027, 3, 1)
    assert full.listener == Listening("::", 4190, "https://listener.example/idprobe")
    assert full.nodes == (
        Node("node-1", "https://node-1.example"),
        Node("node-2.example", "https://node-2.example"),
    )
    assert {"https://node-1.example", "https://node-2.example"} <= full.allowed_origins


def test_references_are_replaced_by_what_they_name(full: Profile) -> None:
    web = full.clients["web"]

    assert web.client_secret == "hunter2-web-secret"
    assert web.redirect_uris == ("https://client.example/cb", "https://client.example/2")
    assert full.users["alice"] == User(
        "alice", "alice@id.example", "letmein letmein", "TOTPTOTPTOTPTOTP"
    )
    assert full.limits.requests_per_second == 7.5
    assert full.clients["signed"].jwks is not None


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    profile = sound(tmp_path)

    assert profile.standards == ("oauth2.0", "oidc", "bcp")
    assert profile.clients["web"].token_endpoint_auth_method == "client_secret_basic"
    assert profile.clients["web"].response_types == ("code",)
    assert profile.limits == Limits(requests_per_second=20, concurrency=4)


def test_loopback_has_no_limits_by_default() -> None:
    assert bare_profile("http://127.0.0.1:9400").limits == Limits()
    assert bare_profile("https://id.example").limits.concurrency == 4


def test_an_issuer_follows_from_a_well_known_metadata_url(tmp_path: Path) -> None:
    url = "https://id.example/.well-known/oauth-authorization-server/tenant"

    profile = load_profile(written(tmp_path, f'metadata_url = "{url}"\n{WEB}'), {})

    assert profile.issuer == "https://id.example/tenant"


def test_embedded_true_is_the_reference_server(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, f"embedded = true\n{WEB}"), {})

    started = with_issuer(profile, "https://127.0.0.1:9400", Path("ca.pem"))

    assert (profile.embedded, profile.issuer) == ("reference", "")
    assert (started.issuer, started.tls.ca_file) == ("https://127.0.0.1:9400", Path("ca.pem"))


def test_a_short_secret_and_a_shared_client_id_are_accepted(tmp_path: Path) -> None:
    twin = WEB.replace("clients.web", "clients.twin").replace("hunter2-web-secret", "x9#q")

    profile = sound(tmp_path, twin)

    assert profile.clients["twin"].client_id == profile.clients["web"].client_id
    assert Role.SECOND not in profile.clients["twin"].roles


@pytest.mark.parametrize(
    ("old", "new", "key", "fix"),
    [
        ("client_id =", "client_idd =", "clients.web.client_idd", "did you mean client_id?"),
        ("issuer", "isuer", "isuer", "did you mean issuer?"),
        ("[clients.web]", "[clients.web]\nroles = ['wed']", "clients.web.roles[0]", 'mean "web"?'),
        ('client_id = "app"\n', "", "clients.web.client_id", "is missing: add it"),
        ('"app"', "7", "clients.web.client_id", "must be text, not a whole number"),
        ('"app"', '{ env = "NOPE" }', "clients.web.client_id", "variable NOPE is not set: set it"),
        ('"app"', '{ file = "no.txt" }', "clients.web.client_id", "no.txt cannot be read"),
        (WEB, "", "clients", "add one, as [clients.web]"),
        ('client_secret = "hunter2-web-secret"', "", "clients.web.client_secret", "needs one"),
        ('client_secret = "hunter2-web-secret"', 'token_endpoint_auth_method = "private_key_jwt"',
         "clients.web.jwks", "needs the client's private keys"),
        ('issuer = "https://id.example"', 'metadata_url = "https://id.example/about"', "issuer",
         "not at a well-known place"),
        ("redirect_uris =", "post_logout_redirect_uris =", "clients.web.redirect_uris",
         "is missing"),
        ("[clients.web]", "[clients.web]\ngrant_types = ['implicit']", "clients.web.response_types",
         "say which response types"),
        ("https://id.example", "id.example", "issuer", "must be an absolute http or https URL"),
        ("https://id.example", "https://id.example:x", "issuer", "must be an absolute http"),
        ("https://id.example", "https://me:pw@id.example", "issuer", "without a user name"),
        ('issuer = "https://id.example"', "", "issuer", "add it, or metadata_url, or embedded"),
        ("[clients.web]", "embedded = true\n[clients.web]", "issuer", "remove it"),
        ("[clients.web]", "standards = ['oicd']\n[clients.web]", "standards[0]", "mean oidc?"),
        ("[clients.web]", "[target]\nuntil = 'soon'\n[clients.web]", "target.until", "a date"),
        ("[clients.web]", "[[deviations]]\nrequirement = 'x'\n[clients.web]",
         "deviations[0].because", "is missing: add it"),
        ("[clients.web]", "[limits]\nrequests_per_second = nan\n[clients.web]",
         "limits.requests_per_second", "must be a finite number"),
        ("[clients.web]", "[tls]\nca_file = 'ca.pem'\n[clients.web]", "tls.ca_file", "is no file"),
        ("[clients.web]", "[clients.web]\njwks = '{}'", "clients.web.jwks", "must be a JWK set"),
        ("[clients.web]", "[clients.web]\njwks = 'x}'", "clients.web.jwks", "must be JSON"),
        ("[clients.web]", "[endpoints]\ntoken_endpoint = 'http://x:y'\n[clients.web]",
         "endpoints.token_endpoint", "must be an absolute http"),
        ("issuer =", "issuer", "", "is not TOML: expected '=' after a key"),
    ],
)  # fmt: skip
def test_an_error_names_file_key_and_fix(
    tmp_path: Path, old: str, new: str, key: str, fix: str
) -> None:
    assert old in SOUND

    error = refusal(tmp_path, SOUND.replace(old, new, 1))

    assert error.where == str(tmp_path / "acme.toml")
    assert error.key == key
    assert fix in error.fix
    assert "\n" not in str(error)
    assert "hunter2" not in str(error)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="there is no such file: check the path"):
        load_profile(tmp_path / "none.toml", {})


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path, {})


def test_a_file_in_another_encoding_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('issuer = "https://id.example/ü"'.encode("latin-1"))

    with pytest.raises(ProfileError, match="is not UTF-8"):
        load_profile(path, {})


def test_a_syntax_error_has_line_and_column(tmp_path: Path) -> None:
    assert "line 1, column" in refusal(tmp_path, 'issuer "https://id.example"').fix


def test_a_reference_of_the_wrong_kind_is_an_error(tmp_path: Path) -> None:
    text = f'{SOUND}[limits]\nconcurrency = {{ env = "MANY" }}\n'

    with pytest.raises(ProfileError, match="JSON of the kind integer"):
        load_profile(written(tmp_path, text), {"MANY": "many"})


# Roles.


def roles(tmp_path: Path, clients: str) -> dict[str, set[str]]:
    profile = load_profile(written(tmp_path, f'issuer = "https://id.example"\n{clients}'), {})
    return {name: {role.value for role in one.roles} for name, one in profile.clients.items()}


def client(name: str, **members: Any) -> str:
    plain = {
        "client_id": name,
        "client_secret": "s-8f#q",
        "redirect_uris": ["https://c.example/cb"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in {**plain, **members}.items()]
    return "\n".join([f"[clients.{name}]", *lines, ""])


def test_roles_are_inferred_from_what_clients_can_do(tmp_path: Path) -> None:
    text = "".join(
        [
            client("a", grant_types=["authorization_code", "client_credentials"]),
            client("b"),
            client("c", token_endpoint_auth_method="none"),
            client("d", grant_types=["client_credentials"]),
            client("e", token_endpoint_auth_method="none", response_types=["id_token token"]),
            client("f", response_types=["code id_token"]),
            client("g", token_endpoint_auth_method="client_secret_jwt"),
            client("h", token_endpoint_auth_method="none", application_type="native"),
        ]
    )

    assert roles(tmp_path, text) == {
        "a": {"web"},
        "b": {"second"},
        "c": {"public"},
        "d": {"service"},
        "e": {"implicit"},
        "f": {"hybrid"},
        "g": {"signed"},
        "h": {"native"},
    }


def test_one_client_may_play_several_parts(tmp_path: Path) -> None:
    text = client("a", grant_types=["authorization_code", "client_credentials"])

    assert roles(tmp_path, text) == {"a": {"web", "service"}}


def test_roles_that_the_profile_says_win(tmp_path: Path) -> None:
    text = client("a") + client("b", roles=["web"])

    assert roles(tmp_path, text) == {"a": {"second"}, "b": {"web"}}


# Secrets.


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("abc", "has fewer than 4 characters"),
        ("password", "is a word that stands in every exchange"),
        ("identity", "is part of an address, name or scope of the profile"),
    ],
)
def test_a_secret_that_reports_cannot_hide_is_refused_beyond_loopback(
    tmp_path: Path, secret: str, why: str
) -> None:
    text = SOUND.replace("hunter2-web-secret", secret).replace("id.example", "identity.test")

    error = refusal(tmp_path, text)

    assert error.key == "clients.web.client_secret"
    assert error.fix == f"{why}, so that reports cannot hide it: use another one"
    loopback = text.replace("https://identity.test", "http://127.0.0.1:8080/identity")
    assert load_profile(written(tmp_path, loopback), {}).clients["web"].client_secret == secret


def test_every_secret_is_listed_for_redaction(full: Profile) -> None:
    assert {value for _, value in full.secrets()} == SECRETS


def test_no_repr_shows_a_secret(full: Profile) -> None:
    parts = (full, full.clients, full.users, full.login, full.network, full.target)
    shown = " ".join(repr(part) for part in parts)

    assert [secret for secret in SECRETS if secret in shown] == []


def test_a_redacted_profile_is_json_without_any_secret(full: Profile) -> None:
    shown = json.dumps(redacted_profile(full), ensure_ascii=False)

    assert [secret for secret in SECRETS if secret in shown] == []
    assert "‹set›" in shown
    assert "blue" in shown
    assert "proxy.example:3128" in shown


def test_a_redacted_profile_tells_of_files_their_names_alone(full: Profile) -> None:
    ours = replace(full, where="/home/tester/acme.toml", tls=Tls(ca_file=Path("/home/tester/ca")))
    shown = redacted_profile(ours)

    assert (shown["where"], shown["tls"]["ca_file"]) == ("acme.toml", "ca")
    assert redacted_profile(replace(ours, where="https://id.example"))["where"].startswith("https:")


def test_a_redacted_profile_can_be_read_back(full: Profile) -> None:
    restored = restored_profile(json.loads(json.dumps(redacted_profile(full))))

    assert restored.allowed_origins == full.allowed_origins
    assert restored.clients["web"].roles == full.clients["web"].roles
    assert restored.deviations == full.deviations


# Hosts and consent.


def test_credentials_may_go_to_the_origins_that_the_profile_names(full: Profile) -> None:
    assert full.allowed_origins == {
        "https://id.example",
        "https://id.example:8443",
        "https://introspect.example",
        "https://api.example",
        "https://login.example:9443",
        "https://node-1.example",
        "https://node-2.example",
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://ID.example:443/x", "id.example"),
        ("http://id.example:443/", "id.example:443"),
        ("http://[::1]:80/", "[::1]"),
    ],
)
def test_host_of_leaves_out_a_default_port(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.9.9.9:1", True),
        ("https://localhost", True),
        ("http://[::1]:9400", True),
        ("https://localhost.example", False),
        ("https://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_is_this_machine_alone(url: str, *, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_loopback_needs_no_consent() -> None:
    assert consent_missing(bare_profile("http://127.0.0.1:1"), TODAY, frozenset()) is None


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Target(), "nobody is named who allows tests of id.example: add authorized_by and until"),
        (Target("me"), "has no end: add until"),
        (Target("me", date(2026, 12, 31)), "ended on 2026-12-31"),
    ],
    ids=["nobody", "endless", "over"],
)
def test_a_host_beyond_loopback_needs_consent(target: Target, said: str) -> None:
    profile = replace(bare_profile("https://id.example"), target=target)

    reason = consent_missing(profile, TODAY, frozenset())

    assert reason is not None
    assert said in reason
    assert "--i-may-test id.example" in reason


def test_consent_holds_through_its_last_day() -> None:
    profile = replace(bare_profile("https://id.example"), target=Target("me", TODAY))

    assert consent_missing(profile, TODAY, frozenset()) is None


def test_consent_can_be_given_by_host_with_or_without_port() -> None:
    profile = bare_profile("https://id.example:8443")

    assert consent_missing(profile, TODAY, frozenset({"id.example"})) is None
    assert consent_missing(profile, TODAY, frozenset({"ID.example:8443"})) is None
    assert consent_missing(profile, TODAY, frozenset({"id.example:1"})) is not None


def test_an_endpoint_beyond_loopback_needs_consent_too() -> None:
    profile = replace(
        bare_profile("http://127.0.0.1:1"), endpoints={"token_endpoint": "https://id.example/t"}
    )

    assert "id.example" in str(consent_missing(profile, TODAY, frozenset()))


@pytest.mark.parametrize("name", ["localhost:80", "LOCALHOST"])
def test_each_way_to_resolve_a_local_name_elsewhere_needs_consent(name: str) -> None:
    network = Network(resolve={name: "192.0.2.7"})
    profile = replace(bare_profile("http://localhost"), network=network)

    assert "localhost" in str(consent_missing(profile, TODAY, frozenset()))


def test_a_page_that_is_no_address_is_refused(tmp_path: Path) -> None:
    error = refusal(
        tmp_path, SOUND + '[login]\npages = ["https://id.example", "https://[broken"]\n'
    )

    assert error.key == "login.pages[1]"
    assert "must be an absolute http or https URL" in error.fix


def test_a_local_name_that_is_resolved_elsewhere_needs_consent() -> None:
    network = Network(resolve={"localhost": "192.0.2.7"})
    profile = replace(bare_profile("https://localhost"), network=network)

    assert consent_missing(profile, TODAY, frozenset()) is not None


# The provider and what it can do.


def test_an_endpoint_comes_from_the_profile_first(tmp_path: Path) -> None:
    profile = sound(tmp_path, '[endpoints]\ntoken_endpoint = "https://id.example/mine"\n')
    metadata = {"token_endpoint": "https://id.example/theirs", "userinfo_endpoint": "https://u/"}
    provider = Provider(profile, metadata, profile.clients["web"])

    assert provider.endpoint("token_endpoint") == "https://id.example/mine"
    assert provider.endpoint("userinfo_endpoint") == "https://u/"
    assert not provider.has_endpoint("revocation_endpoint")
    with pytest.raises(EvidenceError, match="revocation_endpoint is unknown"):
        provider.endpoint("revocation_endpoint")


def test_acting_as_a_role_that_nobody_plays_is_a_profile_error(tmp_path: Path) -> None:
    profile = sound(tmp_path)
    provider = Provider(profile, {}, profile.clients["web"])

    assert provider.acting_as(Role.WEB).client.name == "web"
    with pytest.raises(ProfileError, match="no client plays the role second"):
        provider.acting_as(Role.SECOND)


METADATA = {
    "issuer": "https://id.example",
    "authorization_endpoint": "https://id.example/authorize",
    "token_endpoint": "https://id.example/token",
    "response_types_supported": ["code"],
}


@pytest.mark.parametrize("capability", Capability)
def test_every_capability_can_be_decided(capability: Capability, full: Profile) -> None:
    reason = missing_because(capability, full, METADATA, {})

    assert reason is None or len(reason) > 10


def test_the_code_flow_needs_a_user(tmp_path: Path) -> None:
    code = Capability.AUTHORIZATION_CODE
    alice = '[users.alice]\nusername = "alice"\npassword = "p-8f#q"\n'

    assert "add [users.NAME]" in str(missing_because(code, sound(tmp_path), METADATA, {}))
    assert missing_because(code, sound(tmp_path, alice), METADATA, {}) is None


def test_what_was_observed_takes_a_capability_away(full: Profile) -> None:
    observed = {"grant:client_credentials": "it answered unauthorized_client"}

    reason = missing_because(Capability.CLIENT_CREDENTIALS, full, METADATA, observed)

    assert reason == "it answered unauthorized_client"


def test_a_promise_of_secrets_in_the_body_lets_any_secret_be_sent_there(tmp_path: Path) -> None:
    post = Capability.SECRET_POST
    promise = "[contract]\nclient_secret_in_body = true\n"

    assert missing_because(post, sound(tmp_path), METADATA, {}) is not None
    assert missing_because(post, sound(tmp_path, promise), METADATA, {}) is None


def test_a_bare_profile_refuses_what_is_no_issuer() -> None:
    with pytest.raises(ProfileError, match="must be an absolute http or https URL"):
        bare_profile("id.example")


# The profiles of the embedded server.


def shipped(name: str) -> Profile:
    return load_profile(content("fixtures", "providers", f"{name}.toml"), {})


def registered(client: Client | ClientConfig) -> tuple[Any, ...]:
    return (
        client.client_secret,
        client.token_endpoint_auth_method,
        client.grant_types,
        client.response_types,
        client.redirect_uris,
        client.post_logout_redirect_uris,
        client.scope,
        client.application_type,
    )


@pytest.mark.parametrize(
    ("name", "config"),
    [("reference", reference_config()), ("speakup", speakup_config())],
    ids=["reference", "speakup"],
)
def test_a_shipped_profile_says_what_its_server_is_configured_with(
    name: str, config: ServerConfig
) -> None:
    profile = shipped(name)

    clients = {one.client_id: registered(one) for one in profile.clients.values()}
    users = {(user.username, user.password) for user in profile.users.values()}

    assert profile.embedded == name
    assert clients == {one.client_id: registered(one) for one in config.clients}
    assert users == {(user.username, user.password) for user in config.users}


def test_the_key_of_the_signed_client_is_the_one_the_server_knows() -> None:
    known = next(one for one in reference_config().clients if one.client_id == "signed")
    jwks = shipped("reference").clients["signed"].jwks

    assert jwks is not None
    assert known.jwks is not None
    assert [key["x"] for key in jwks["keys"]] == [key["x"] for key in known.jwks["keys"]]


def test_speakup_promises_everything() -> None:
    promised = set(shipped("speakup").contract)
    items = {one.id for one in load_catalogue() if one.family is Family.CONTRACT}

    assert items <= {f"contract/{key}" for key in promised}
    assert all(shipped("speakup").contract.values())


def test_speakup_has_a_client_for_every_role() -> None:
    assert [role for role in Role if shipped("speakup").client_for(role) is None] == [Role.TARGETED]


def test_every_shipped_profile_is_toml_with_its_schema_line() -> None:
    for path in content("fixtures", "providers").glob("*.toml"):
        text = path.read_text(encoding="utf-8")

        assert text.startswith("#:schema ../schemas/profile.schema.json\n"), path.name
        assert tomllib.loads(text)


# What is read, where the reading is short of something.


@pytest.mark.parametrize(
    ("at", "issuer"),
    [
        ("https://id.example/t/.well-known/openid-configuration", "https://id.example/t"),
        ("https://id.example/.well-known/oauth-authorization-server/t", "https://id.example/t"),
    ],
)
def test_a_well_known_place_tells_the_issuer(tmp_path: Path, at: str, issuer: str) -> None:
    text = SOUND.replace('issuer = "https://id.example"', f'metadata_url = "{at}"')

    assert load_profile(written(tmp_path, text), {}).issuer == issuer


@pytest.mark.parametrize(
    ("value", "key", "fix"),
    [
        ('client_secret = { env = "BLANK" }', "client_secret", "variable BLANK is empty"),
        ('client_secret = { file = "blank" }', "client_secret", "blank is empty: write the value"),
        ('jwks = { env = "TEXT" }', "jwks", "must be a JSON object"),
    ],
    ids=["variable", "file", "object"],
)
def test_what_is_referenced_and_says_nothing_is_refused(
    tmp_path: Path, value: str, key: str, fix: str
) -> None:
    (tmp_path / "blank").write_text(" \n", encoding="utf-8")
    text = SOUND.replace('client_secret = "hunter2-web-secret"', value)

    with pytest.raises(ProfileError) as caught:
        load_profile(written(tmp_path, text), {"BLANK": " ", "TEXT": "keys"})

    assert caught.value.key == f"clients.web.{key}"
    assert fix in caught.value.fix


def test_a_session_needs_no_user_and_an_authority_is_found_beside_the_profile(
    tmp_path: Path,
) -> None:
    (tmp_path / "ca.pem").write_text("", encoding="utf-8")
    more = '[login]\ncookies = "session=1"\n[tls]\nca_file = "ca.pem"\n'

    profile = load_profile(written(tmp_path, SOUND + more), {})

    assert profile.users == {"session": User("session", "", "")}
    assert profile.tls.ca_file == tmp_path / "ca.pem"


def test_a_client_without_redirect_uris_has_no_first_one() -> None:
    with pytest.raises(ProfileError, match="list at least one"):
        _ = Client("nobody", "").redirect_uri


@pytest.mark.parametrize(
    ("feature", "changes", "metadata", "lacks"),
    [
        ("jarm", {}, {"response_modes_supported": ["query.jwt"]}, None),
        ("jarm", {}, {"response_modes_supported": ["query"]}, "signing_alg_values_supported"),
        ("dynamic_op", {"initial_access_token": "t"}, {}, "wants an initial access token"),
        ("tls_terminating_proxy", {"target": Target(tls="terminated-elsewhere")}, {}, None),
        ("tls_terminating_proxy", {}, {}, "does not say tls"),
    ],
)
def test_a_feature_is_there_by_what_profile_and_metadata_say(
    feature: str, changes: dict[str, Any], metadata: dict[str, Any], lacks: str | None
) -> None:
    profile = replace(bare_profile("https://id.example"), **changes)

    because = FEATURES[feature](Situation(profile, {"issuer": profile.issuer, **metadata}))

    assert because is None if lacks is None else lacks in str(because)
