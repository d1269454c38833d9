"""OpenID Connect Registration section 2: what may be registered, and what is refused."""

from idprobe.checks import (
    EvidenceError,
    Exchange,
    Trace,
    Unsuited,
    client_information,
    is_registered,
    object_in,
    objects_in,
    requirement,
    texts_in,
)

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


def taken(exchange: Exchange, member: str) -> bool:
    """Return whether a member was registered as it was sent, rather than refused or dropped."""
    return is_registered(exchange) and bool(client_information(exchange).get(member))


@requirement("OIDCR-2/application-type-default-web")
def test_web_is_the_default_kind(client_registered_by_defaults: Trace) -> None:
    """Without application_type a client is a web client."""
    kind = client_information(client_registered_by_defaults["register"]).get(
        "application_type", "web"
    )
    assert kind == "web", f"application_type is {kind}"


@requirement("OIDCR-2/redirect-uris-required")
def test_empty_redirect_uris_are_refused(openid_metadata_faults: Trace) -> None:
    """An empty list of redirect URIs is as good as none."""
    assert not is_registered(openid_metadata_faults["empty-uris"]), "it was registered"


@requirement("OIDCR-2/grant-types-fit-response-types")
def test_grant_types_fit_the_response_types(registration_metadata_faults: Trace) -> None:
    """A response type is not registered without the grant type that it needs."""
    for step, kind, needed in (
        ("contradiction-service", "code", "authorization_code"),
        ("contradiction-code", "token", "implicit"),
    ):
        exchange = registration_metadata_faults[step]
        if is_registered(exchange):
            members = client_information(exchange)
            lacking = needed not in texts_in(members, "grant_types", [])
            assert not (kind in texts_in(members, "response_types", []) and lacking), (
                f"{kind} was registered without {needed}"
            )


@requirement("OIDCR-2/web-implicit-https-only")
def test_implicit_web_client_is_https(implicit_clients_registered: Trace) -> None:
    """A web client of the implicit flow cannot register an http redirect URI."""
    assert not is_registered(implicit_clients_registered["plain-http"]), "it was registered"


@requirement("OIDCR-2/web-implicit-no-localhost")
def test_implicit_web_client_is_not_local(implicit_clients_registered: Trace) -> None:
    """A web client of the implicit flow cannot register localhost."""
    assert not is_registered(implicit_clients_registered["localhost"]), "it was registered"


@requirement("OIDCR-2/id-token-alg-none-restricted")
def test_front_channel_id_tokens_are_signed(implicit_clients_registered: Trace) -> None:
    """A client that gets ID Tokens by redirect cannot have them unsigned."""
    exchange = implicit_clients_registered["unsigned"]
    if is_registered(exchange):
        alg = client_information(exchange).get("id_token_signed_response_alg", "RS256")
        assert alg != "none", "unsigned ID Tokens were registered"


@requirement("OIDCR-2/native-redirect-uris")
def test_native_client_stays_on_its_device(native_redirects_registered: Trace) -> None:
    """A native client registers its own scheme or loopback, and no http elsewhere."""
    good = [native_redirects_registered[step] for step in ("loopback", "own-scheme")]
    if not any(is_registered(exchange) for exchange in good):
        raise EvidenceError("no native client was registered at all")
    assert not is_registered(native_redirects_registered["plain-http"]), (
        "http elsewhere was registered"
    )


@requirement("OIDCR-2/redirect-uri-constraints-verified")
def test_every_redirect_uri_is_verified(
    openid_metadata_faults: Trace, registration_redirect_faults: Trace
) -> None:
    """One bad redirect URI among good ones is seen, and so is one that is a script."""
    assert not is_registered(openid_metadata_faults["mixed-uris"]), "the second was not looked at"
    for step in ("fragment", "javascript"):
        assert not is_registered(registration_redirect_faults[step]), f"it was registered: {step}"


@requirement("OIDCR-2/request-uris-https-unless-signed")
def test_request_uris_are_https(openid_metadata_faults: Trace) -> None:
    """A request_uri of http is refused or dropped for a client without keys."""
    plain = openid_metadata_faults["plain-request-uri"]
    assert not taken(plain, "request_uris"), "it was registered"


@requirement("OIDCR-2/jwks-uri-https")
def test_jwks_uri_is_https(openid_metadata_faults: Trace) -> None:
    """A jwks_uri of http is refused or dropped."""
    assert not taken(openid_metadata_faults["plain-jwks-uri"], "jwks_uri"), "it was registered"


@requirement("OIDCR-2/initiate-login-uri-https")
def test_initiate_login_uri_is_https(openid_metadata_faults: Trace) -> None:
    """An initiate_login_uri of http is refused or dropped."""
    exchange = openid_metadata_faults["plain-login-uri"]
    assert not taken(exchange, "initiate_login_uri"), "it was registered"


@requirement("OIDCR-2/no-private-keys-in-jwks")
def test_private_keys_are_not_kept(registration_key_faults: Trace) -> None:
    """A key set with a private key is refused, or its private part is dropped."""
    exchange = registration_key_faults["private"]
    if is_registered(exchange):
        keys = objects_in(object_in(client_information(exchange), "jwks"), "keys")
        assert not any(PRIVATE & key.keys() for key in keys), "the private key was registered"


@requirement("OIDCR-2/auth-alg-none-forbidden")
def test_assertions_are_signed(openid_metadata_faults: Trace) -> None:
    """A client cannot register to authenticate with unsigned assertions."""
    exchange = openid_metadata_faults["assertions-unsigned"]
    if is_registered(exchange):
        alg = client_information(exchange).get("token_endpoint_auth_signing_alg")
        assert alg != "none", "unsigned assertions were registered"


@requirement("OIDCR-3.3/invalid-client-metadata-code")
def test_unknown_subject_type_has_its_error(openid_metadata_faults: Trace) -> None:
    """A subject_type that nobody knows is refused with an error, or replaced."""
    exchange = openid_metadata_faults["strange-subject"]
    status = exchange.answered.status
    assert status < 500, f"the status is {status}"
    if is_registered(exchange):
        kept = client_information(exchange).get("subject_type")
        assert kept != "idprobe-no-such-type", "it was registered"


@requirement("OIDCR-9.1/display-urls-share-host")
def test_what_is_shown_is_of_the_client(openid_metadata_faults: Trace) -> None:
    """A logo or a policy of another host than the redirect URIs' is refused or dropped."""
    for step, member in (("logo-elsewhere", "logo_uri"), ("policy-elsewhere", "policy_uri")):
        assert not taken(openid_metadata_faults[step], member), f"{member} was registered"


@requirement("OIDCR-3/cors")
def test_pages_may_register(preflights: Trace) -> None:
    """A script of another origin may call the registration endpoint."""
    if "registration" not in preflights:
        raise Unsuited("there is no registration endpoint")
    allowed = preflights["registration"].answered.header("access-control-allow-origin")
    assert allowed is not None, "there is no Access-Control-Allow-Origin"
