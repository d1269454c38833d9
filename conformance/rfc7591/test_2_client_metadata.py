"""RFC 7591 section 2: what a client may say of itself, and what is assumed where it does not."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    gives_tokens,
    is_registered,
    refused,
    refused_as,
    registration_error,
    requirement,
    texts_in,
    token_error,
    usable_without_redirect_uri,
)

DEFAULT_GRANTS = {"authorization_code", "refresh_token"}
REDIRECT_GRANTS = ("code", "code-public", "implicit", "implicit-id-token")
REDIRECT_ERRORS = {"invalid_redirect_uri", "invalid_client_metadata"}


@requirement("RFC7591-2/redirect-uris-supported")
def test_redirect_uris_are_registered(client_registered_by_defaults: Trace) -> None:
    """The redirect URIs of a client are registered as it sent them."""
    exchange = client_registered_by_defaults["register"]
    sent = exchange.request.header("content-type"), b"redirect_uris" in exchange.request.body
    assert all(sent), "the request had no redirect_uris"
    uris = client_information(exchange).get("redirect_uris")
    assert uris == ["https://client.example/cb"], f"redirect_uris is {uris}"


@requirement(
    "RFC7591-2/redirect-uris-required-for-redirect-flows", "OIDCR-2/redirect-uris-required"
)
def test_redirect_flows_need_redirect_uris(registration_without_redirect_uris: Trace) -> None:
    """A client of a redirect-based grant cannot register without a redirect URI."""
    for step in REDIRECT_GRANTS:
        exchange = registration_without_redirect_uris[step]
        code = registration_error(exchange)
        assert code is not None, f"it was registered: {step}"
        assert code in REDIRECT_ERRORS, f"the error is {code}"


@requirement("RFC7591-5/redirect-uris-demanded")
def test_no_login_without_redirect_uris(registration_without_redirect_uris: Trace) -> None:
    """A client of a redirect-based grant begins no login before it registers a redirect URI."""
    for step in REDIRECT_GRANTS:
        served = usable_without_redirect_uri(registration_without_redirect_uris, step)
        assert not served, f"it was registered, and may name any redirect URI: {step}"


@requirement("RFC7591-2/auth-method-default", "OIDCR-2/auth-method-default-basic")
def test_basic_is_the_default_method(client_registered_by_defaults: Trace) -> None:
    """Without token_endpoint_auth_method a client has a secret, for HTTP Basic."""
    members = client_information(client_registered_by_defaults["register"])
    method = members.get("token_endpoint_auth_method", "client_secret_basic")
    assert method == "client_secret_basic", f"the method is {method}"
    assert members.get("client_secret"), "there is no client_secret"
    code = token_error(client_registered_by_defaults["code-by-basic"])
    assert code != "invalid_client", "the secret is not taken by HTTP Basic"


@requirement("RFC7591-2/auth-method-none-has-no-secret")
def test_public_client_has_no_secret(public_client_registered: Trace) -> None:
    """A client that registers with the method none gets no secret."""
    members = client_information(public_client_registered["web"])
    assert "client_secret" not in members, "there is a client_secret"


@requirement("RFC7591-2/grant-types-default", "OIDCR-2/grant-types-default-authorization-code")
def test_code_is_the_default_grant(client_registered_by_defaults: Trace) -> None:
    """Without grant_types a client has the grant authorization_code, and none of its own."""
    members = client_information(client_registered_by_defaults["register"])
    grants = texts_in(members, "grant_types", ["authorization_code"])
    assert "authorization_code" in grants, "authorization_code is missing"
    assert set(grants) <= DEFAULT_GRANTS, f"grant_types is {list(grants)}"
    answer = client_registered_by_defaults["client-credentials"]
    assert not gives_tokens(answer), "client_credentials works too"
    if token_error(answer) is None:
        raise EvidenceError(f"that is neither a grant nor a refusal: {answer}")


@requirement("RFC7591-2/grant-type-values")
def test_grant_types_are_those_of_the_parameter(service_client_registered: Trace) -> None:
    """A grant is registered by the name that it has in a token request, and works so."""
    grants = client_information(service_client_registered["register"]).get("grant_types")
    assert grants == ["client_credentials"], f"grant_types is {grants}"
    refusals = ("unauthorized_client", "unsupported_grant_type", "invalid_grant")
    is_refused = refused_as(service_client_registered["token"], *refusals)
    assert not is_refused, "the registered grant is refused"


@requirement("RFC7591-2/response-types-default", "OIDCR-2/response-types-default-code")
def test_code_is_the_default_response_type(token_asked_by_defaults: Trace) -> None:
    """Without response_types a client gets by redirect no token that it was not told of.

    Section 3.1 lets a server provision other defaults; its response says which.
    """
    types = texts_in(
        client_information(token_asked_by_defaults["register"]), "response_types", ["code"]
    )
    if "token" in types:
        raise Unsuited("the server provisions the response type token, and says so")
    if refused(token_asked_by_defaults["control"]):
        raise EvidenceError("a login for a code is refused too")
    assert refused(token_asked_by_defaults["asked"]), f"a token came, and {types} was registered"


@requirement("RFC7591-2/response-type-values")
def test_response_types_are_those_of_the_parameter(client_registered: Trace) -> None:
    """A response type is registered by the name that it has in an authorization request."""
    types = texts_in(client_information(client_registered["register"]), "response_types", [])
    assert "code" in types, f"response_types is {list(types)}"


@requirement("RFC7591-2/scope-default")
def test_scope_default_is_a_text(client_registered_by_defaults: Trace) -> None:
    """A scope that the server filled in is a text of scope values."""
    scope = client_information(client_registered_by_defaults["register"]).get("scope", "")
    assert isinstance(scope, str), "scope is no text"


@requirement("RFC7591-2/jwks-uri-and-jwks-exclusive", "OIDCR-2/jwks-and-jwks-uri-exclusive")
def test_keys_come_in_one_way(registration_key_faults: Trace) -> None:
    """Keys are registered by value or by reference, never both."""
    exchange = registration_key_faults["both"]
    if is_registered(exchange):
        both = {"jwks", "jwks_uri"} <= client_information(exchange).keys()
        assert not both, "both jwks and jwks_uri were registered"


@requirement("RFC7591-2/jwks-is-valid-set")
def test_keys_are_a_valid_set(registration_key_faults: Trace) -> None:
    """What is no JWK set is not registered as one, nor is a private key."""
    for step in ("text", "keys-text", "without-kty"):
        assert not is_registered(registration_key_faults[step]), f"it was registered: {step}"
    exchange = registration_key_faults["private"]
    if is_registered(exchange):
        keys = client_information(exchange).get("jwks", {}).get("keys", [])
        assert not any("d" in key for key in keys), "the private key was registered"


@requirement("RFC7591-2/unknown-metadata-ignored", "OIDCR-3.2/unknown-fields-ignored")
def test_unknown_metadata_are_ignored(registration_extras: Trace) -> None:
    """A member that the server does not know keeps nobody from registering."""
    assert is_registered(registration_extras["unknown"]), "an unknown member is refused"


@requirement("RFC7591-2/values-replaced-or-rejected")
def test_unsupported_values_do_not_stay(registration_extras: Trace) -> None:
    """A value that the server does not support is refused, or another one is said to hold."""
    exchange = registration_extras["strange-method"]
    if is_registered(exchange):
        method = client_information(exchange).get("token_endpoint_auth_method")
        assert method != "idprobe_no_such_method", "a method that nobody knows was registered"
        assert method, "the response does not say which method holds"


@requirement("RFC7591-2.1/inconsistent-state-prevented")
def test_grants_and_response_types_agree(registration_metadata_faults: Trace) -> None:
    """Grant types and response types that contradict each other are refused or corrected."""
    for step, kind, needed in (
        ("contradiction-service", "code", "authorization_code"),
        ("contradiction-code", "token", "implicit"),
    ):
        exchange = registration_metadata_faults[step]
        if is_registered(exchange):
            members = client_information(exchange)
            agree = kind not in texts_in(members, "response_types", []) or needed in texts_in(
                members, "grant_types", []
            )
            assert agree, f"{kind} was registered without {needed}"
