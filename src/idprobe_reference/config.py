"""The two configurations that ship with the reference server, and the credentials they share.

Every secret here is made up, public, and good for nothing but tests on loopback.
"""

from collections.abc import Mapping
from typing import Any, Final

from idprobe_reference.loading import load_config
from idprobe_reference.settings import ASSERTION_GRANT, ClientConfig, ServerConfig, UserConfig

__all__ = [
    "ALICE_PASSWORD",
    "BOB_PASSWORD",
    "BRIEF_SECRET",
    "DEFAULT_ISSUER",
    "HYBRID_SECRET",
    "MALLORY_PASSWORD",
    "OTTO_PASSWORD",
    "RESOURCES",
    "SCOPES",
    "SEALED_SECRET",
    "SECOND_SECRET",
    "SERVICE_SECRET",
    "SIGNED_PRIVATE_JWKS",
    "TARGETED_SECRET",
    "WEB_SECRET",
    "ZOE_PASSWORD",
    "ClientConfig",
    "ServerConfig",
    "UserConfig",
    "load_config",
    "reference_config",
    "speakup_config",
]

DEFAULT_ISSUER: Final = "http://127.0.0.1:9400"
SCOPES: Final = (
    "openid", "profile", "email", "address", "phone", "offline_access", "api", "api.read",
)  # fmt: skip

# ruff: noqa: S105, S106 - made-up secrets of a test server, and names of methods
WEB_SECRET: Final = "web-secret-not-secret-5e1c0b7a93d24f68"
# The signs in it show whether Basic credentials are form-encoded first (RFC 6749 section 2.3.1).
SECOND_SECRET: Final = "second: a+b %20 c/d=e&f-not-secret-81d2c6"
BRIEF_SECRET: Final = "brief-secret-not-secret-e81d4b6f02a7"
SERVICE_SECRET: Final = "service-secret-not-secret-c04b9e27f1a8"
SEALED_SECRET: Final = "sealed-secret-not-secret-9b47d0e3c6a15f82a7d4"
HYBRID_SECRET: Final = "hybrid-secret-not-secret-2f6a1d98b75e"
TARGETED_SECRET: Final = "targeted-secret-not-secret-5d80b3e6f142"
ALICE_PASSWORD: Final = "alice-password-not-secret"
BOB_PASSWORD: Final = "bob-password-not-secret"
MALLORY_PASSWORD: Final = "mallory-password-not-secret"
ZOE_PASSWORD: Final = "zoe-password-not-secret"
OTTO_PASSWORD: Final = "grün-£-€-not-secret"
SIGNED_PRIVATE_JWKS: Final[Mapping[str, Any]] = {
    "keys": [
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "rxFvpZT1SsWVQATaeJuEbxx-7fNgGabcw71nQJWweZk",
            "y": "A1l6qF16FyKa48mkYW_J4UYXE4ZyL9lI-efnsQ-fE-M",
            "d": "pZNZBOZOMrZ8H6rH5ULQaeG5hh4E_lrT3Krd4b2gV3c",
            "kid": "signed-1",
            "use": "sig",
            "alg": "ES256",
        }
    ]
}

RESOURCES: Final[Mapping[str, str]] = {
    "https://api.idprobe.example/": "api api.read shared",
    "https://files.idprobe.example/v1": "files shared",
}
_ALL: Final = " ".join(SCOPES)
_CODE_AND_REFRESH: Final = ("authorization_code", "refresh_token")


def _web(method: Any) -> ClientConfig:
    return ClientConfig(
        client_id="web",
        client_secret=WEB_SECRET,
        token_endpoint_auth_method=method,
        grant_types=_CODE_AND_REFRESH,
        redirect_uris=("https://client.example/cb", "https://client.example/other?k=v&x=a%20b"),
        post_logout_redirect_uris=("https://client.example/out",),
        scope=_ALL,
        display={"client_name": "Web client"},
    )


def _second(method: Any) -> ClientConfig:
    return ClientConfig(
        client_id="second",
        client_secret=SECOND_SECRET,
        token_endpoint_auth_method=method,
        grant_types=_CODE_AND_REFRESH,
        redirect_uris=("https://second.example/cb",),
        post_logout_redirect_uris=("https://second.example/out",),
        scope="openid profile email offline_access api api.read",
        display={"client_name": "Second client"},
    )


def _brief() -> ClientConfig:
    return ClientConfig(
        client_id="brief",
        client_secret=BRIEF_SECRET,
        token_endpoint_auth_method="client_secret_post",
        grant_types=(*_CODE_AND_REFRESH, "client_credentials"),
        redirect_uris=("https://brief.example/cb",),
        scope="openid profile email offline_access api api.read",
        display={"client_name": "Client in a hurry"},
        lifetimes={"access_token": 3, "code": 3, "id_token": 3, "refresh_token": 6},
    )


def _service(method: Any) -> ClientConfig:
    return ClientConfig(
        client_id="service",
        client_secret=SERVICE_SECRET,
        token_endpoint_auth_method=method,
        grant_types=("client_credentials", "refresh_token"),
        response_types=(),
        scope="api api.read",
        display={"client_name": "Service"},
    )


def _signed(*further_grants: str) -> ClientConfig:
    public = [{k: v for k, v in key.items() if k != "d"} for key in SIGNED_PRIVATE_JWKS["keys"]]
    return ClientConfig(
        client_id="signed",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        grant_types=(*_CODE_AND_REFRESH, "client_credentials", *further_grants),
        redirect_uris=("https://signed.example/cb",),
        scope=_ALL,
        id_token_signed_response_alg="ES256",
        request_object_signing_alg="ES256",
        jwks={"keys": public},
        display={"client_name": "Client with a key"},
    )


def _sealed() -> ClientConfig:
    return ClientConfig(
        client_id="sealed",
        client_secret=SEALED_SECRET,
        token_endpoint_auth_method="client_secret_jwt",
        grant_types=("client_credentials",),
        response_types=(),
        scope="api api.read",
        display={"client_name": "Client with a sealed secret"},
    )


def _public() -> ClientConfig:
    return ClientConfig(
        client_id="public",
        token_endpoint_auth_method="none",
        grant_types=_CODE_AND_REFRESH,
        redirect_uris=("https://public.example/cb",),
        scope=_ALL,
        display={"client_name": "Public client"},
    )


def _native() -> ClientConfig:
    return ClientConfig(
        client_id="native",
        token_endpoint_auth_method="none",
        application_type="native",
        grant_types=_CODE_AND_REFRESH,
        redirect_uris=("http://127.0.0.1/cb", "com.example.app:/cb"),
        scope=_ALL,
        display={"client_name": "Native client"},
    )


def _targeted() -> ClientConfig:
    return ClientConfig(
        client_id="targeted",
        client_secret=TARGETED_SECRET,
        token_endpoint_auth_method="client_secret_post",
        grant_types=(*_CODE_AND_REFRESH, "client_credentials"),
        redirect_uris=("https://targeted.example/cb",),
        scope="openid offline_access api api.read files shared",
        display={"client_name": "Client of several resources"},
    )


def _implicit() -> ClientConfig:
    return ClientConfig(
        client_id="implicit",
        token_endpoint_auth_method="none",
        grant_types=("implicit",),
        response_types=("token", "id_token", "id_token token"),
        redirect_uris=("https://implicit.example/cb",),
        scope=_ALL,
        display={"client_name": "Browser client"},
    )


def _hybrid() -> ClientConfig:
    return ClientConfig(
        client_id="hybrid",
        client_secret=HYBRID_SECRET,
        token_endpoint_auth_method="client_secret_basic",
        grant_types=(*_CODE_AND_REFRESH, "implicit"),
        response_types=("code", "code id_token", "code token", "code id_token token", "none"),
        redirect_uris=("https://hybrid.example/cb",),
        scope=_ALL,
        display={"client_name": "Hybrid client"},
    )


def _users() -> tuple[UserConfig, ...]:
    alice = {
        "name": "Alice Müller",
        "given_name": "Alice",
        "middle_name": "Zoë",
        "family_name": "Müller",
        "nickname": "Al",
        "preferred_username": "alice",
        "profile": "https://people.example/alice",
        "picture": "https://people.example/alice.png",
        "website": "https://alice.example/",
        "gender": "female",
        "birthdate": "1984-02-29",
        "zoneinfo": "Europe/Berlin",
        "locale": "de-DE",
        "updated_at": 1_700_000_000,
        "email": "alice@people.example",
        "email_verified": True,
        "phone_number": "+49 30 5550100",
        "phone_number_verified": True,
        "nickname#de-CH": "Älli",
        "family_name#ja-Kana-JP": "ミュラー",
        "address": _address("Lindenallee 1", "Berlin", "Berlin", "10115", "Germany"),
    }
    bob = {
        **alice,
        "name": "Bob Stone",
        "given_name": "Bob",
        "middle_name": "",
        "family_name": "Stone",
        "nickname": "Bobby",
        "preferred_username": "bob",
        "profile": "https://people.example/bob",
        "picture": "https://people.example/bob.png",
        "website": "https://bob.example/",
        "gender": "male",
        "birthdate": "1990-07-14",
        "zoneinfo": "America/Chicago",
        "locale": "en-US",
        "email": "bob@people.example",
        "email_verified": False,
        "phone_number": "+1 312 555 0100",
        "phone_number_verified": False,
        "address": _address("2 Lake Road", "Chicago", "Illinois", "60601", "USA"),
    }
    return (
        UserConfig("alice", ALICE_PASSWORD, "user-5f1d9c0a7be3", alice),
        UserConfig("bob", BOB_PASSWORD, "user-c27e40b6819d", bob),
        UserConfig("mallory", MALLORY_PASSWORD, "user-0d4f7a6be1c9", {"name": "Mallory"}),
        UserConfig("zoë", ZOE_PASSWORD, "user-91be3c5d20f8", {"name": "Zoë"}),
        UserConfig("otto", OTTO_PASSWORD, "user-6ad8f2c4b137", {"name": "Otto"}),
    )


def _address(street: str, town: str, region: str, code: str, country: str) -> dict[str, str]:
    return {
        "formatted": f"{street}\n{code} {town}\n{region}\n{country}",
        "street_address": street,
        "locality": town,
        "region": region,
        "postal_code": code,
        "country": country,
    }


def reference_config(issuer: str = DEFAULT_ISSUER) -> ServerConfig:
    """Return the strictest server: code with PKCE only, JWT access tokens, exact everything."""
    return ServerConfig(
        issuer=issuer,
        clients=(
            _web("client_secret_basic"),
            _second("client_secret_post"),
            _service("client_secret_basic"),
            _signed(ASSERTION_GRANT),
            _sealed(),
            _public(),
            _native(),
            _brief(),
            _targeted(),
        ),
        users=_users(),
        scopes=SCOPES,
        default_scope="api",
        access_token_format="jwt",
        resources=RESOURCES,
        assertion_grant=True,
        claims_parameter=True,
        request_parameter=True,
        request_uri_parameter=True,
        session_management=True,
        prompt_create=True,
        backchannel_logout=True,
        frontchannel_logout=True,
        trusted_hosts=("127.0.0.1",),
        id_token_signing_alg_values=("RS256", "ES256", "HS256"),
        encryption=True,
        userinfo_signing=True,
        pairwise=True,
        webfinger=True,
        claim_sources=True,
        claims_locales=("en", "de-CH", "ja-Kana-JP"),
    )


def speakup_config(issuer: str = DEFAULT_ISSUER) -> ServerConfig:
    """Return our user's server: implicit and hybrid flows, opaque access tokens.

    Its client credentials come in the body and bring a refresh token.
    """
    return ServerConfig(
        issuer=issuer,
        clients=(
            _web("client_secret_post"),
            _second("client_secret_basic"),
            _service("client_secret_post"),
            _signed(),
            _sealed(),
            _public(),
            _native(),
            _brief(),
            _implicit(),
            _hybrid(),
        ),
        users=_users(),
        scopes=SCOPES,
        default_scope="api",
        token_endpoint_auth_methods=(
            "client_secret_post",
            "client_secret_basic",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
        ),
        access_token_format="opaque",
        implicit=True,
        hybrid=True,
        no_response=True,
        client_credentials_refresh_token=True,
        require_pkce=False,
    )
