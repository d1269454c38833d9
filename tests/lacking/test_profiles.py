"""What a profile lacks: an experiment says so in a sentence, and accuses nobody."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from tests.lacking.lack import (
    Lack,
    assert_concluded,
    client,
    configured,
    contract,
    each,
    only,
    playing,
    registered,
    users,
    with_nodes,
)

from idprobe.model.profile import Indicator, Limits, Profile, Role
from idprobe.probes.authorization.parser_differentials import confusions
from idprobe.probes.properties.credential_properties import KINDS
from idprobe.probes.steps.edits import Edit
from idprobe_reference.mutants.users.passwords import PasswordServer

API: Final = "https://api.idprobe.example/"
CALLBACK: Final = "https://client.example/cb"
CONFUSIONS: Final = dict(confusions(CALLBACK))
NOBODY: Final[frozenset[Role]] = frozenset()
UNCLEAR: Final = "the evidence cannot tell:"
NOT_REGISTERED: Final = f"{UNCLEAR} the hybrid client is not registered for"


def with_namesakes(profile: Profile) -> Profile:
    """Return a profile that has a client for each edit of the name of a service."""
    service = profile.clients["service"]
    names = {Edit(kind, 1000).of(service.client_id) for kind in KINDS}
    others = {f"other-{name}": replace(service, client_id=name, roles=NOBODY) for name in names}
    return replace(profile, clients={**profile.clients, **others})


LACKS: Final = {
    "an end of old refresh tokens": Lack(
        {
            **each(
                "the contract lets a refresh token be used again for a while",
                "refresh_replayed_after_three",
                "refresh_at_replicas",
                "used_refresh_token_introspected",
            ),
            "public_refresh_replayed_late": (
                "a leeway of 60 s is longer than limits.max_wait_s, 10"
            ),
        },
        profile=(contract(refresh_reuse_leeway_s=60), with_nodes),
    ),
    "a grant to refresh": Lack(
        {
            "refresh_replayed_after_three": "the client public has no grant refresh_token",
            "refresh_stolen": "the client second may not refresh at all",
        },
        profile=(
            client("public", grant_types=("authorization_code",)),
            client("second", grant_types=("authorization_code",)),
        ),
    ),
    "scopes": Lack(
        {
            "refresh_scopes": "the client web has too few scopes to ask for less and more",
            "refresh_beside_code": "the client web has too few scopes to mix them up",
            "orders_of_scope": "the web client of the profile has fewer than two scopes",
            **each("the client has one scope only", "scopes_separated_oddly", "consent_widened"),
            **each(
                "the client has no scope besides openid",
                "userinfo_without_openid",
                "login_without_openid",
            ),
            "narrow_client_registered": "the profile has one scope only",
        },
        ("consents_compared",),
        profile=(
            only("web", "public"),
            client("web", scope="openid"),
            client("public", scope="openid offline_access"),
        ),
    ),
    "a scope to leave out": Lack(
        {"refresh_scopes": "the client web has too few scopes to ask for less"},
        profile=(client("web", scope="api api.read"),),
    ),
    "scopes of its own": Lack(
        {
            **each(
                "the profile names no scope that service can ask for",
                "form_encodings",
                "scopes_reordered",
            ),
            "client_credentials_scopes": (
                "the profile names no scope that service can ask for by itself"
            ),
        },
        profile=(client("service", scope=""),),
    ),
    "a secret": Lack(
        {
            **each(
                "the client signed has no secret to get wrong",
                "refresh_unauthenticated",
                "revocation_unauthenticated",
                "introspection_unauthenticated",
            ),
            "code_without_authentication": (
                "the client signed has no client_secret that could be wrong"
            ),
        },
        profile=(playing(Role.WEB, "signed"),),
    ),
    "a service with a secret": Lack(
        {
            "authentication_doubled": "the client signed has no secret to send twice",
            "secrets_nearly_right": "the client signed has no secret",
        },
        profile=(playing(Role.SERVICE, "signed"),),
    ),
    "a client with a secret": Lack(
        {"secrets_elsewhere": "no client of the profile has a secret and a grant to try it with"},
        profile=(only("signed"), playing(Role.WEB, "signed")),
    ),
    "a secret of another client": Lack(
        makes=(
            "secrets_nearly_right",
            "secrets_elsewhere",
            "secret_near_misses",
            "basic_authentication",
        ),
        opens=("the evidence cannot tell: the profile has no other client that could be named",),
        profile=(
            only("service"),
            client("service", client_secret="4012-8931-7750-2264"),
        ),
        config=(registered("service", client_secret="4012-8931-7750-2264"),),
    ),
    "openid": Lack(
        {
            **each(
                "the client web has no scope openid",
                "prompt_none",
                "id_token_hints",
                "logout_by_get",
            ),
            "redirect_uri_omitted": "the client second has no scope openid",
            "token_of_resource_at_userinfo": "the client targeted has no scope openid",
            "elliptic_signatures": "the client signed has no scope openid",
            "revoked_at_replicas": "there is no userinfo endpoint to use the token at",
            "request_object_used": "the profile has no client with keys and the scope openid",
        },
        ("code_replayed", "access_token_revoked", "access_token_used_again"),
        profile=(
            *(client(name, scope="api api.read") for name in ("web", "second", "signed")),
            client("targeted", scope="api api.read files shared"),
            with_nodes,
        ),
    ),
    "openid of the second client": Lack(
        {"logins_of_two_clients": "the client second has no scope openid"},
        profile=(client("second", scope="api api.read"),),
    ),
    "places to go after a logout": Lack(
        each(
            "[clients.web] of the profile has no post_logout_redirect_uris: register one at the "
            "server and name it there",
            "logout_by_get",
            "logout_by_post",
        ),
        profile=(client("web", post_logout_redirect_uris=()),),
    ),
    "a second redirect_uri": Lack(
        {
            "redirect_uri_ambiguous": "the client web has one redirect_uri only",
            "redirect_uri_with_another_query": "no redirect_uri of the client web has a query",
            "code_redeemed_without_redirect_uri": (
                "the client has one redirect URI only, so it may be left out"
            ),
        },
        profile=(client("web", redirect_uris=(CALLBACK,)),),
    ),
    "redirect_uris that are nearly right and not registered": Lack(
        makes=("redirect_uri_near_misses", "redirect_uri_with_another_query"),
        profile=(
            client(
                "web",
                redirect_uris=(
                    CALLBACK,
                    f"{CALLBACK}/",
                    "https://client.example/other?k=v&x=a%20b",
                    "https://client.example/other",
                ),
            ),
        ),
    ),
    "other clients whose names are nearly the same": Lack(
        makes=("client_ids_nearly_right",), profile=(with_namesakes,)
    ),
    "confusing redirect_uris that are not registered": Lack(
        makes=("redirect_uri_confusions",),
        profile=(client("web", redirect_uris=(CALLBACK, CONFUSIONS["dot"])),),
    ),
    "a native client": Lack(
        {
            "loopback_port_varied": (
                "the profile has no native client with a redirect_uri on 127.0.0.1"
            ),
        },
        profile=(only("web", "second", "service"),),
    ),
    "a loopback redirect_uri": Lack(
        {"loopback_ports": "the client native has no loopback redirect_uri"},
        profile=(client("native", redirect_uris=("com.example.app:/cb",)),),
    ),
    "a redirect_uri that anybody can have": Lack(
        {"native_app_again": "all redirect URIs of the client native are https"},
        ("native_redirects",),
        profile=(client("native", redirect_uris=("https://app.client.example/cb",)),),
        config=(registered("native", redirect_uris=("https://app.client.example/cb",)),),
    ),
    "a redirect_uri of the web": Lack(
        makes=("userinfo_cross_origin",),
        profile=(client("web", redirect_uris=("com.example.web:/cb",)),),
        config=(registered("web", redirect_uris=("com.example.web:/cb",)),),
    ),
    "a client without redirect_uri": Lack(
        {"client_without_redirect_uri": "the client service has a redirect_uri"},
        profile=(client("service", redirect_uris=(CALLBACK,)),),
    ),
    "offline access": Lack(
        {
            "offline_access_by_native_client": "the client native has no scope offline_access",
            "tokens_after_logout": "there is no refresh token of an offline session",
        },
        profile=(client("native", scope="openid"), client("web", scope="openid profile")),
    ),
    "offline access by redirect": Lack(
        {
            "offline_access_without_code": (
                "the client implicit may not ask for offline access at all"
            ),
        },
        profile=(client("implicit", scope="openid"),),
        name="speakup",
    ),
    "grants": Lack(
        {
            "resources_of_client": "the client targeted has no grant client_credentials",
            "assertion_for_another_client": ("the client with a key has no grant to try it with"),
            "client_credentials_without_permission": (
                "the web client of the profile is registered for client_credentials too"
            ),
        },
        profile=(
            client("targeted", grant_types=("authorization_code",)),
            client("signed", grant_types=("refresh_token",)),
            client("web", grant_types=("authorization_code", "client_credentials")),
        ),
    ),
    "clients that can be gone through": Lack(
        {
            "listed_grant_types": (
                "no confidential client of the profile has a grant that can be gone through"
            ),
            "listed_authentication_methods": (
                "no client of the profile uses a method that is listed"
            ),
            "basic_authentication": (
                "no client of the profile uses client_secret_basic and a grant to try it with"
            ),
        },
        profile=(only("web", "public"), client("web", grant_types=("refresh_token",))),
    ),
    "resources that differ": Lack(
        each(
            "the two resources of the profile have no scope of their own",
            "resources_of_client",
            "resources_of_grant",
        ),
        profile=(
            lambda profile: replace(
                profile, indicators=(Indicator(API, "api"), Indicator(f"{API}v2", "api files"))
            ),
        ),
    ),
    "tokens that end soon": Lack(
        {
            "expired_token_introspected": (
                "no client of the profile gets tokens that live less than 10 s"
            ),
        },
        profile=(only("web", "service"),),
    ),
    "time to wait": Lack(
        {
            **each(
                "it lives for 3 s, too long for max_wait_s of [limits]",
                "brief_tokens",
                "brief_token_stories",
            ),
        },
        profile=(lambda profile: replace(profile, limits=Limits(max_wait_s=2)),),
    ),
    "promises": Lack(
        {
            "brief_code": "[contract] of the profile does not say code_lifetime_s",
            "refresh_token_left_alone": (
                "[contract] of the profile does not say refresh_token_idle_s"
            ),
        },
        profile=(contract(code_lifetime_s=None, refresh_token_idle_s=None),),
    ),
    "a user to guess at": Lack(
        {"password_guessed_by_grant": "the profile has no user with throw_away = true"},
        profile=(users("alice", "bob"),),
        server_class=PasswordServer,
    ),
    "signs beyond ASCII": Lack(
        {
            "passwords_beyond_ascii": (
                "no user of the profile has a name or a password beyond ASCII"
            ),
        },
        profile=(users("alice", "bob"),),
        server_class=PasswordServer,
    ),
    "a password beyond ASCII": Lack(
        makes=("passwords_beyond_ascii",),
        profile=(users("alice", "zoe"),),
        server_class=PasswordServer,
    ),
    "a name beyond ASCII": Lack(
        makes=("passwords_beyond_ascii",),
        profile=(users("alice", "otto"),),
        server_class=PasswordServer,
    ),
    "a secret beside a password": Lack(
        makes=("password_grant",),
        profile=(playing(Role.WEB, "signed"),),
        server_class=PasswordServer,
    ),
    "an initial access token": Lack(
        each(
            "the server registers no client of ours (401): set [registration] "
            "initial_access_token in the profile",
            "logout_uris_registered",
        ),
        config=(configured(registration="token", initial_access_token="made-up"),),
    ),
    "a public client": Lack(
        makes=("revocation_by_another_client",), profile=(only("web", "second"),)
    ),
    "a client of its own right": Lack(makes=("secret_guessed",), profile=(only("web", "second"),)),
    "a response type for each": Lack(
        {
            **each(
                "the client hybrid is not set up for code id_token",
                "hybrid_code_id_token",
            ),
            "hybrid_code_id_token_token": (
                "the client hybrid is not set up for code id_token token"
            ),
            "offline_access_without_code": "the client implicit is not set up for id_token token",
        },
        ("hybrid_requests", "implicit_requests"),
        opens=(
            f"{NOT_REGISTERED} code id_token",
            f"{UNCLEAR} no request without-nonce was sent",
            f"{UNCLEAR} the trace of implicit_requests has no step 'code'",
        ),
        name="speakup",
        profile=(
            client("hybrid", response_types=("code token",)),
            client("implicit", response_types=("token", "code")),
        ),
    ),
    "an access token beside a code": Lack(
        makes=("hybrid_requests",),
        opens=(
            f"{NOT_REGISTERED} code token",
            f"{NOT_REGISTERED} code id_token token",
            f"{UNCLEAR} the trace of hybrid_requests has no step 'code-token-without-nonce'",
        ),
        name="speakup",
        profile=(client("hybrid", response_types=("code id_token",)),),
    ),
    "openid of a hybrid client": Lack(
        makes=("hybrid_requests",),
        opens=(
            f"{NOT_REGISTERED} code id_token",
            f"{UNCLEAR} no request stranger was sent",
            f"{UNCLEAR} no request without-nonce was sent",
            f"{UNCLEAR} no response type was tried: stranger",
        ),
        name="speakup",
        profile=(client("hybrid", response_types=("code token",), scope="api api.read"),),
    ),
    "response types": Lack(
        {
            "implicit_requests": "the client implicit has no response type token",
            "id_token_requests": "the client implicit has no response type id_token",
        },
        name="speakup",
        profile=(client("implicit", response_types=("code",)),),
    ),
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_what_a_profile_lacks_is_said_and_accuses_nobody(lack: Lack, tmp_path: Path) -> None:
    assert_concluded(lack, tmp_path)
