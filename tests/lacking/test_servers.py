"""What a server lacks: an experiment says so in a sentence, and accuses it of no more than that."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.lacking.lack import (
    ISSUER,
    Lack,
    assert_concluded,
    client,
    configured,
    contract,
    each,
    registered,
    with_nodes,
)

from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.faults import AuthorizationFault, OAuthFault
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import Code, RefreshToken, Session

UNSIGNED: Final = configured(id_token_signing_alg_values=("RS256", "none"))
UNCLEAR: Final = "the evidence cannot tell:"
CHALLENGES: Final = "code_challenge_methods_supported"
ELSEWHERE: Final = ("introspection_endpoint", "revocation_endpoint")


class GivesNoRefreshTokens(ReferenceServer):
    """No code brings a refresh token."""

    def refresh_token_is_due(self, client: ClientConfig, code: Code) -> bool:
        del client, code
        return False


class KeepsRefreshTokens(ReferenceServer):
    """A refresh token stays the same, however often it is used."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        return old


def giving_no(*names: str) -> type[ReferenceServer]:
    """Return a server whose token responses have not all members."""

    class Leaving(ReferenceServer):
        def token_response(self, *arguments: Any) -> dict[str, Any]:
            members = super().token_response(*arguments)
            return {name: value for name, value in members.items() if name not in names}

    return Leaving


def claiming_no(*names: str) -> type[ReferenceServer]:
    """Return a server whose ID Tokens have not all claims."""

    class Claimless(ReferenceServer):
        def id_token_claims(self, *arguments: Any) -> dict[str, Any]:
            claims = super().id_token_claims(*arguments)
            return {name: value for name, value in claims.items() if name not in names}

    return Claimless


def naming_no(*names: str, **otherwise: Any) -> type[ReferenceServer]:
    """Return a server whose metadata have not all members, and some otherwise."""

    class Silent(ReferenceServer):
        def metadata(self) -> dict[str, Any]:
            members = super().metadata() | otherwise
            return {name: value for name, value in members.items() if name not in names}

    return Silent


def telling_no(*names: str, **otherwise: Any) -> type[ReferenceServer]:
    """Return a server that does not tell all of a registration, and some otherwise."""

    class Terse(ReferenceServer):
        def client_members(self, client: ClientConfig) -> dict[str, Any]:
            members = super().client_members(client) | otherwise
            return {name: value for name, value in members.items() if name not in names}

    return Terse


class RefreshesNoIdToken(ReferenceServer):
    """A refresh brings no ID Token, as none has to (OpenID Connect Core section 12.2)."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().refresh(client, form)
        return {name: value for name, value in members.items() if name != "id_token"}


class HasNothingButAccessTokens(GivesNoRefreshTokens):
    """There are access tokens, and no place to use them."""

    def metadata(self) -> dict[str, Any]:
        unnamed = {*ELSEWHERE, "userinfo_endpoint"}
        return {name: value for name, value in super().metadata().items() if name not in unnamed}


class LooksAtNoVerifier(ReferenceServer):
    """Nothing is announced of PKCE, and any verifier will do."""

    def metadata(self) -> dict[str, Any]:
        return {name: value for name, value in super().metadata().items() if name != CHALLENGES}

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        del code, verifier
        return True


class EncryptsToNobody(ReferenceServer):
    """No key is published that could be encrypted to."""

    def encryption_jwks(self) -> list[dict[str, Any]]:
        return []


class PublishesGarbage(ReferenceServer):
    """Among the keys is something that is none."""

    def jwks(self) -> dict[str, Any]:
        return {"keys": ["none", *super().jwks()["keys"]]}


class RegistersNothingUnusual(ReferenceServer):
    """A client with short keys, or with values that nobody can meet, is not registered."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        keys = body.get("jwks", {}).get("keys", ())
        if "default_acr_values" in body or any(len(one.get("n", "x" * 342)) < 342 for one in keys):
            raise OAuthFault("invalid_client_metadata", "that is not registered here")
        return super().client_of_metadata(body, client_id, secret)


class HidesWhoAnswers(ReferenceServer):
    """No authorization response says whose it is."""

    def iss_parameter(self, *, is_error: bool) -> dict[str, str]:
        del is_error
        return {}


class TakesTokenRequestsByGet(ReferenceServer):
    """The token endpoint answers GET with an error of its own."""

    async def refuse_get(self, _request: Request) -> Response:
        return json_reply({"error": "invalid_request"}, 400, self.token_response_headers())

    def routes(self) -> Any:
        routes = super().routes()
        path = f"{self.path}/token"
        return {**routes, path: {**routes[path], "GET": self.refuse_get}}


class NeverAsksAgain(ReferenceServer):
    """Who is logged in is let through, whatever prompt says."""

    def wish_of(self, form: Form) -> Wish:
        wish = super().wish_of(form)
        return replace(wish, prompts=wish.prompts - {"login", "select_account", "create"})


class CreatesNoAccounts(ReferenceServer):
    """prompt=create is announced, and an error."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        if "create" in prompts:
            raise AuthorizationFault("invalid_request", "not today")
        super().check_prompt(prompts)

    def login_is_needed_for_error(self, session: Session | None) -> bool:
        del session
        return False


class RefreshesForAll(ReferenceServer):
    """Every code brings a refresh token."""

    def refresh_token_is_due(self, client: ClientConfig, code: Code) -> bool:
        del client, code
        return True


class NumbersItsClients(ReferenceServer):
    """A new client is called by a number."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        number = "".join(str(ord(character)) for character in client_id)
        own = client_id if client_id.isdigit() else number
        return super().client_of_metadata(body, own, secret)


class SignsEverything(ReferenceServer):
    """Clients that have to do without a signature are registered, and get no tokens."""

    async def sign_for(
        self, client: ClientConfig, alg: str, typ: str | None, claims: Mapping[str, Any]
    ) -> str:
        if alg == "none":
            raise OAuthFault("invalid_request", "nothing goes out without a signature")
        return await super().sign_for(client, alg, typ, claims)


class SignsEverythingAndSaysSo(SignsEverything):
    """The metadata do not offer what is registered."""

    def metadata(self) -> dict[str, Any]:
        return super().metadata() | {"id_token_signing_alg_values_supported": ["RS256"]}


class WantsSecureSectors(ReferenceServer):
    """A list of redirect URIs has to be at an https address."""

    def client_of_metadata(self, body: dict[str, Any], client_id: str, secret: str) -> ClientConfig:
        if str(body.get("sector_identifier_uri", "")).startswith("http:"):
            raise OAuthFault("invalid_client_metadata", "the sector has to be at an https address")
        return super().client_of_metadata(body, client_id, secret)


class RefusesStrangeNonces(ReferenceServer):
    """A nonce has letters and digits alone, or nobody is let in."""

    def details_of(
        self, client: ClientConfig, form: Form, types: frozenset[str]
    ) -> dict[str, object]:
        if not form.get("nonce", "a").replace("-", "").replace("_", "").isalnum():
            raise AuthorizationFault("invalid_request", "what an odd nonce")
        return super().details_of(client, form, types)


class LoadsItsFrame(ReferenceServer):
    """The page of check_session_iframe loads a script, beside the one that it has."""

    async def show_frame(self, request: Request) -> Response:
        page = await super().show_frame(request)
        script = b'<script src="more.js"></script>'
        return Response(script + bytes(page.body), media_type="text/html")

    async def show_script(self, _request: Request) -> Response:
        return Response(b"// nothing more", media_type="text/javascript")

    def routes(self) -> Any:
        return {**super().routes(), f"{self.path}/more.js": {"GET": self.show_script}}


LACKS: Final = {
    "refresh tokens": Lack(
        {
            **each(
                "the server gives the client web no refresh token",
                "refresh_scopes",
                "revocation_unauthenticated",
                "used_refresh_token_introspected",
                "scopes_refreshed",
                "refresh_tokens_tampered",
            ),
            **each(
                "the server gives the client public no refresh token",
                "refresh_at_replicas",
                "refresh_replayed_after_three",
                "revocation_released",
            ),
            **each(
                "the web client of the profile is given no refresh token",
                "code_refreshed",
                "refresh_faults",
                "refresh_answer",
            ),
            "resources_of_grant": "the server gives the client no refresh token",
            "refresh_token_left_alone": "the client brief is given no refresh token",
        },
        (
            "access_token_revoked",
            "tokens_introspected",
            "code_replayed",
            "userinfo_refused",
            "jwts_out_of_place",
            "registered_client_at_work",
        ),
        profile=(with_nodes,),
        server_class=GivesNoRefreshTokens,
    ),
    "rotation": Lack(
        each("the server does not rotate refresh tokens", "public_refresh_replayed_late"),
        profile=(contract(refresh_reuse_leeway_s=1),),
        server_class=KeepsRefreshTokens,
    ),
    "rotation at replicas": Lack(
        each("the server does not rotate refresh tokens", "refresh_at_replicas"),
        profile=(with_nodes,),
        server_class=KeepsRefreshTokens,
    ),
    "expires_in": Lack(
        each(
            "the token response does not say when the access token expires",
            "brief_tokens",
            "brief_token_stories",
        ),
        server_class=giving_no("expires_in"),
    ),
    "ID Tokens": Lack(
        each("the token response has no ID Token", "logout_by_get", "backchannel_logout"),
        ("refresh_token_faults", "userinfo_refused"),
        ("jwts_out_of_place",),
        ("there is no ID Token",),
        server_class=giving_no("id_token"),
        config=(configured(backchannel_logout=True),),
    ),
    "ID Tokens of a refresh": Lack(
        {"refreshed_id_token": "a refresh brings no ID Token"},
        server_class=RefreshesNoIdToken,
    ),
    "the subject of ID Tokens": Lack(
        leaves=("sub_requested",),
        opens=("the ID Token has no sub, got ",),
        config=(configured(claims_parameter=True),),
        server_class=claiming_no("sub"),
    ),
    "the time of ID Tokens": Lack(
        leaves=("logout_after_the_hint_expired",),
        opens=("the ID Token does not say how long it is good",),
        server_class=claiming_no("iat"),
    ),
    "places for a token": Lack(
        {
            "access_token_used_again": (
                "there is no place to use an access token: name one as [resource] url"
            ),
        },
        ("code_replayed", "refresh_replayed_after_three"),
        opens=(f"{UNCLEAR} there is no place where the access token worked before the replay",),
        server_class=naming_no(*ELSEWHERE, "userinfo_endpoint"),
    ),
    "other places than userinfo": Lack(
        {
            "secrets_elsewhere": (
                "the metadata has no revocation_endpoint and [endpoints] of the profile names none"
            ),
        },
        ("code_replayed", "service_token_at_userinfo", "strange_scripts"),
        server_class=naming_no(*ELSEWHERE),
    ),
    "introspection": Lack(
        makes=("access_token_revoked",), server_class=naming_no("introspection_endpoint")
    ),
    "other places than the resource": Lack(
        makes=("access_token_used_again",),
        profile=(lambda profile: replace(profile, resource_url=f"{ISSUER}/api"),),
        server_class=naming_no("userinfo_endpoint"),
    ),
    "all but access tokens that end": Lack(
        each("the client in the role brief is given no refresh token", "brief_tokens"),
        opens=(f"{UNCLEAR} the trace of brief_tokens has no step 'introspect'",),
        profile=(client("brief", scope="api api.read"),),
        config=(registered("brief", lifetimes={"access_token": 1}),),
        server_class=HasNothingButAccessTokens,
    ),
    "a registration_endpoint": Lack(
        {
            "assertion_names_its_keys": (
                "the server has no registration_endpoint to be told of our addresses"
            ),
        },
        server_class=naming_no("registration_endpoint"),
    ),
    "an authorization_endpoint": Lack(
        makes=("registration_updated", "registration_deleted"),
        opens=(
            f"{UNCLEAR} the trace of registration_deleted has no step 'authorize'",
            f"{UNCLEAR} the trace of registration_updated has no step 'new-uri'",
        ),
        server_class=naming_no("authorization_endpoint"),
    ),
    "a jwks_uri": Lack(makes=("userinfo_forged",), server_class=naming_no("jwks_uri")),
    "what is said of logins": Lack(
        {
            "backchannel_and_redirect": "backchannel_logout_supported is not true in the metadata",
        },
        ("acr_requested", "authorization_errors"),
        leaves=("sectors_shared",),
        config=(configured(backchannel_logout=True, claims_parameter=True),),
        server_class=naming_no(
            "response_types_supported",
            "acr_values_supported",
            "subject_types_supported",
            "backchannel_logout_supported",
        ),
    ),
    "what clients have": Lack(
        {
            "listed_response_types": (
                "no client of the profile has a response type that is listed"
            ),
            "listed_authentication_methods": (
                "no client of the profile uses a method that is listed"
            ),
            "request_objects_referenced": (
                "request_uri_parameter_supported is not true in the metadata"
            ),
            "resources_in_request_object": (
                "the server takes no Request Objects without a signature"
            ),
        },
        ("encrypted_userinfo",),
        config=(configured(encryption=True, userinfo_signing=True, request_parameter=True),),
        server_class=naming_no(
            response_types_supported=["idprobe_unknown"],
            token_endpoint_auth_methods_supported=["tls_client_auth"],
            request_uri_parameter_supported=False,
            request_object_signing_alg_values_supported=["ES256"],
            userinfo_signing_alg_values_supported=["ES256"],
        ),
    ),
    "PKCE": Lack(
        {"pkce_verifiers": "the server does not announce PKCE, and ignores it"},
        server_class=LooksAtNoVerifier,
    ),
    "an announcement of PKCE": Lack(makes=("pkce_verifiers",), server_class=naming_no(CHALLENGES)),
    "keys to encrypt to": Lack(
        {
            "request_object_off_curve": "the server publishes no key on P-256 for encryption",
            "request_object_encrypted": (
                "the server publishes no key that Request Objects can be encrypted to"
            ),
        },
        config=(configured(encryption=True, request_parameter=True),),
        server_class=EncryptsToNobody,
    ),
    "keys alone": Lack(
        leaves=("request_object_off_curve",),
        opens=("the JWK Set has a key that is no object",),
        config=(configured(encryption=True, request_parameter=True),),
        server_class=PublishesGarbage,
    ),
    "a place to look after clients": Lack(
        each(
            "the registration response has no registration_client_uri (RFC 7592)",
            "registration_read_by_others",
        ),
        ("registered_client_at_work",),
        server_class=telling_no("registration_client_uri", "registration_access_token"),
    ),
    "secrets of new clients": Lack(
        {
            "registration_update_faults": "the server gave the client no secret",
            "secret_guessed": "a new client gets no secret that could be guessed",
        },
        ("client_registered_by_defaults",),
        opens=(f"{UNCLEAR} the trace of client_registered_by_defaults has no step",),
        breaks=frozenset({"RFC7591-2/auth-method-default", "OIDCR-2/auth-method-default-basic"}),
        server_class=telling_no("client_secret", "client_secret_expires_at"),
    ),
    "the scope of new clients": Lack(
        {
            "narrow_client_registered": (
                "the server does not register for which scope a client may ask"
            ),
        },
        server_class=telling_no("scope"),
    ),
    "the names of new clients": Lack(
        leaves=("sector_documents",),
        opens=(
            "good: wanted a client registered",
            "register: the client information response has no client_id",
        ),
        server_class=telling_no("client_id"),
    ),
    "the default method": Lack(
        {"registered_by_default_method": "the server names another method as its default"},
        leaves=("service_client_registered",),
        opens=(f"{UNCLEAR} the refusal is about something else",),
        server_class=telling_no(token_endpoint_auth_method="client_secret_post"),
    ),
    "unusual clients": Lack(
        {
            "default_acr_registered": (
                "the server registers no default_acr_values that it cannot meet"
            ),
        },
        ("registered_short_key",),
        server_class=RegistersNothingUnusual,
    ),
    "clients without a refresh token": Lack(
        makes=("registered_client_at_work",), server_class=RefreshesForAll
    ),
    "letters in the names of clients": Lack(
        makes=("strings_compared",), server_class=NumbersItsClients
    ),
    "userinfo in the clear": Lack(
        makes=(
            "claims_in_languages",
            "claims_requested",
            "userinfo_asked",
            "userinfo_by_scope",
            "userinfo_of_two_users",
            "users_of_few_claims",
        ),
        config=(registered("web", userinfo_signed_response_alg="RS256"),),
    ),
    "unsigned ID Tokens": Lack(
        {"backchannel_unsigned": "the server does not offer unsigned ID Tokens, and issues none"},
        config=(UNSIGNED,),
        server_class=SignsEverythingAndSaysSo,
    ),
    "unsigned ID Tokens that it offers": Lack(
        leaves=("backchannel_unsigned",),
        opens=("tokens-unsigned: wanted tokens, got status 400",),
        config=(UNSIGNED,),
        server_class=SignsEverything,
    ),
    "plain sectors": Lack(
        each(
            "the server registers no sector at a plain http address, and our listener has no "
            "other: name an https public_url under [listener]",
            "sector_documents",
            "sectors_shared",
        ),
        server_class=WantsSecureSectors,
    ),
    "nonces with blanks": Lack(
        makes=("nonces_returned_unchanged",),
        breaks=frozenset({"OIDCC-2/nonce-passed-through-unmodified"}),
        server_class=RefusesStrangeNonces,
    ),
    "all of its script in the page": Lack(
        makes=("check_session_frame",), server_class=LoadsItsFrame
    ),
    "iss": Lack(
        {"iss_sent": "the authorization responses of the server have no iss"},
        server_class=HidesWhoAnswers,
    ),
    "a 405": Lack(
        {"allow_of_405": "the token endpoint does not answer 405 to GET"},
        server_class=TakesTokenRequestsByGet,
    ),
    "pages to cancel": Lack(
        {
            "login_cancelled": "prompt=login brings no page that could be cancelled",
        },
        server_class=NeverAsksAgain,
    ),
    "pages for a new account": Lack(
        {"account_created": "prompt=create brings no page"},
        config=(configured(prompt_create=True),),
        server_class=CreatesNoAccounts,
    ),
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_what_a_server_lacks_is_said_and_no_more_is_held_against_it(
    lack: Lack, tmp_path: Path
) -> None:
    assert_concluded(lack, tmp_path)
