from pathlib import Path

import pytest

from idprobe.errors import ProfileError
from idprobe_reference.config import load_config

GOOD = """
scopes = ["openid", "api"]
default_scope = "api"
access_token_format = "jwt"
[clients.app]
client_secret = "made-up"
grant_types = ["authorization_code", "client_credentials"]
redirect_uris = ["https://app.example/cb"]
scope = "openid api"
[users.carol]
password = "made-up"
claims = { email = "carol@people.example" }
"""


def test_toml_is_loaded_with_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(GOOD)

    config = load_config(path)

    assert config.clients[0].client_id == "app"
    assert config.clients[0].redirect_uris == ("https://app.example/cb",)
    assert config.users[0].username == config.users[0].sub == "carol"
    assert config.users[0].claims == {"email": "carol@people.example"}
    assert config.require_pkce


def test_json_is_loaded_too(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    path.write_text(
        '{"clients": {"app": {"token_endpoint_auth_method": "none", "grant_types": []}},'
        ' "users": {"carol": {"password": "made-up"}}, "hybrid": true}'
    )

    assert load_config(path).hybrid


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("default_scope", "defualt_scope", "defualt_scope: is no known key; did you mean default_"),
        ('"jwt"', '"jwe"', "access_token_format: has to be one of opaque, jwt"),
        ('"jwt"', '"jwt"\nimplicit = "yes"', "implicit: has to be true or false"),
        ('"jwt"', '"jwt"\ncode_lifetime_s = -1', "code_lifetime_s: has to be a whole number"),
        ('["openid", "api"]', '"openid api"', "scopes: has to be a list"),
        ('["openid", "api"]', "[1]", "scopes: has to be a list of texts"),
        ('client_secret = "made-up"', "", "clients.app.client_secret: is missing"),
        ('client_secret = "made-up"', "client_secret = 5", "client_secret: has to be a text"),
        ("[clients.app]", "[klients.app]", "clients: needs at least one table"),
        ('password = "made-up"', "", "users.carol.password: is missing"),
        ('"openid api"', '"openid api admin"', "scope: admin is not in the server's scopes"),
        ('["https://app.example/cb"]', "[]", "redirect_uris: is missing"),
        ('["https://app.example/cb"]', '["/cb"]', "redirect_uris: holds absolute"),
        ('"jwt"', '"jwt"\nissuer = "http://idp.example"', "issuer: may use http on the loopback"),
        ('"jwt"', '"jwt"\nissuer = "https://idp.example?a"', "issuer: may have no query"),
        ('"jwt"', '"jwt"\nregistration = "token"', "initial_access_token: is missing"),
        ('"jwt"', '"jwt"\nid_token_signing_alg_values = ["ES256"]', "has to contain RS256"),
        ("[users.carol]", "[users.carol", "is not TOML"),
        ('"jwt"', '"jwt"\nissuer = "ftp://idp.example"', "issuer: has to be an http or https URL"),
        ('"jwt"', '"jwt"\nissuer = "https://"', "issuer: has to be an http or https URL"),
        ('"jwt"', '"jwt"\nid_token_signing_alg_values = ["PS256"]', "knows RS256, ES256 and"),
        ('"jwt"', '"jwt"\naccess_token_signing_alg = "PS256"', "access_token_signing_alg: is RS"),
        (
            '"jwt"',
            '"jwt"\ntoken_endpoint_auth_methods = ["tls_client_auth"]',
            "token_endpoint_auth_methods: has to be a list of client_secret_basic, client_secret_",
        ),
        (
            '"jwt"',
            '"jwt"\nresources = { "https://api.example" = ["api"] }',
            "resources.https://api.example: has to be a text of scopes",
        ),
        (
            'client_secret = "made-up"',
            'token_endpoint_auth_method = "private_key_jwt"',
            "clients.app.jwks: is missing",
        ),
        (
            "[users.carol]",
            '[clients.b]\nclient_id = "app"\ntoken_endpoint_auth_method = "none"\n[users.carol]',
            "clients: app is there twice; rename one",
        ),
    ],
)
def test_each_mistake_is_one_sentence_that_names_the_key(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "server.toml"
    path.write_text(GOOD.replace(old, new, 1))

    with pytest.raises(ProfileError) as caught:
        load_config(path)

    assert str(path) in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "has to be one object"),
        (
            '{"clients": {"app": 5}, "users": {"carol": {"password": "x"}}}',
            "clients.app: has to be",
        ),
        ("{", "is not JSON"),
    ],
)
def test_json_of_another_form_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "server.json"
    path.write_text(text)

    with pytest.raises(ProfileError, match=said):
        load_config(path)


def test_resources_are_loaded_with_their_scopes(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text('resources = { "https://api.example" = "api files" }' + GOOD)

    assert load_config(path).known_scopes == {"openid", "api", "files"}


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_config(tmp_path / "nothing.toml")
