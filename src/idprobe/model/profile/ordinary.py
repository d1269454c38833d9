"""Secrets that cannot be told from ordinary words, and so cannot be covered wherever they stand.

A password `password` stands as the name of a parameter in every login, one that is the user's name
in every claim: to replace it everywhere would alter what is judged. Such a secret is covered only
where a secret is expected, and a profile for a server beyond loopback may not have one.
"""

from collections.abc import Iterator
from typing import Final

from idprobe.model.profile.addresses import is_loopback
from idprobe.model.profile.model import Profile

__all__ = ["SHORTEST", "is_ordinary", "public_texts", "weak_secrets"]

SHORTEST: Final = 4
"""A shorter secret stands in every text by chance."""

_TEXT: Final = """
access access_denied access_token account account_selection_required acr acr_values action
active actor_token address aes algorithm alice amr anonymous apple application application/json
application/x-www-form-urlencoded application_type assertion at_hash audience authenticity_token
authorization authorization_code authorization_endpoint azp base64 basic bearer birthdate body
button c_hash cache cache-control charset check checkbox claims claims_parameter_supported
client client_assertion client_assertion_type client_credentials client_id client_name
client_secret client_secret_basic client_secret_jwt client_secret_post client_uri close code
code_challenge code_challenge_method code_challenge_methods_supported code_verifier confirm
connect connection consent consent_required contact contacts content content-length content-type
cookie csrf csrf_token csrfmiddlewaretoken date default default_acr_values default_max_age
delete denied deny device_code discovery display dpop email email_verified end_session_endpoint
endpoint error error_description error_uri es256 expired expires expires_at expires_in false
family_name field form form_post formaction fragment gender get given_name grant grant_type
grant_types grant_types_supported guest hello hidden host html http https hybrid iat id_token
id_token_hint image implicit index initiate_login_uri input insufficient_scope
interaction_required introspect introspection introspection_endpoint invalid invalid_client
invalid_client_metadata invalid_grant invalid_redirect_uri invalid_request
invalid_request_object invalid_request_uri invalid_scope invalid_software_statement
invalid_target invalid_token issuer json jwks jwks_uri keep-alive keys label lax link locale
localhost location login login_hint login_required logo_uri logout logout_token max_age message
metadata method middle_name multipart name native nbf never nickname no-cache no-store nonce
none null oauth offline offline_access open openid openid-configuration operation options origin
page pairwise parameter params passwd password path phone phone_number phone_number_verified
picture pkce plain policy policy_uri post post_logout_redirect_uri post_logout_redirect_uris
pragma preferred_username private profile prompt protocol provider public put query read realm
redirect redirect_uri redirect_uris referer refresh refresh_token register registration
registration_access_token registration_client_uri registration_endpoint
registration_not_supported remember request request_not_supported request_object request_uri
request_uri_not_supported required resource response response_mode response_modes response_type
response_types response_types_supported revocation revocation_endpoint revoke rs256 s256
samesite scope scopes scopes_supported script search secret section_identifier_uri
sector_identifier_uri secure select_account server server_error service session session_state
set-cookie sha256 sid signature software_id software_statement standard state status strict
string style sub subject subject_token subject_type subject_types_supported submit success
temporarily_unavailable test text text/html text/plain tls_client_auth token token_endpoint
token_endpoint_auth_method token_type tos_uri true type ui_locales unauthorized
unauthorized_client unsupported unsupported_grant_type unsupported_response_type
unsupported_token_type updated_at upgrade url user user-agent userinfo userinfo_endpoint
username utf-8 value vary version website welcome www-authenticate x-frame-options xsrf zoneinfo
"""
_WORDS: Final = frozenset(_TEXT.split())
"""Words of the protocols, of forms and of HTTP that are in evidence whoever wrote it."""


def is_ordinary(value: str, public: tuple[str, ...] = ()) -> bool:
    """Return whether a value stands in texts without anybody having told a secret."""
    if len(value) < SHORTEST or value.lower() in _WORDS:
        return True
    return any(value in text for text in public)


def public_texts(profile: Profile) -> tuple[str, ...]:
    """Return what a profile has that is no secret, and that reports show."""
    return tuple(dict.fromkeys(text for text in _public(profile) if text))


def _public(profile: Profile) -> Iterator[str]:
    yield from (profile.name, profile.issuer, profile.metadata_url or "")
    yield from (*profile.endpoints.values(), *profile.login.pages, profile.resource_url or "")
    yield from (node.url for node in profile.nodes)
    for client in profile.clients.values():
        yield from (client.name, client.client_id, client.scope, client.token_endpoint_auth_method)
        yield from (*client.redirect_uris, *client.post_logout_redirect_uris)
        yield from (*client.grant_types, *client.response_types)
    for user in profile.users.values():
        yield from (user.name, user.username)
    for indicator in profile.indicators:
        yield from (indicator.uri, indicator.scope)


def weak_secrets(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the key of each secret that is an ordinary value here, and why it is one."""
    public = public_texts(profile)
    for key, value in _secrets(profile):
        if not is_ordinary(value, public):
            continue
        if len(value) < SHORTEST:
            yield key, f"has fewer than {SHORTEST} characters"
        elif is_ordinary(value):
            yield key, "is a word that stands in every exchange"
        else:
            yield key, "is part of an address, name or scope of the profile"


def _secrets(profile: Profile) -> Iterator[tuple[str, str]]:
    for client in profile.clients.values():
        if client.client_secret:
            yield f"clients.{client.name}.client_secret", client.client_secret
    for user in profile.users.values():
        if user.password:
            yield f"users.{user.name}.password", user.password
    if profile.initial_access_token:
        yield "registration.initial_access_token", profile.initial_access_token


def refuses_weak_secrets(profile: Profile) -> bool:
    """Return whether a profile may not have such secrets: its server is no test on loopback."""
    return bool(profile.issuer) and not is_loopback(profile.issuer)
