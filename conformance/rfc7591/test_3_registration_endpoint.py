"""RFC 7591 section 3: the registration endpoint, its answers and its errors."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    challenges,
    client_information,
    is_number,
    is_registered,
    refused_registrations,
    registration_error,
    requirement,
    server_time_s,
    text_in,
    token_error,
)

NO_ENTRY = {401, 403}
ALWAYS_SAID = ("redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method")
FOR_EVER_S = float("inf")
A_MOMENT_S = 1.0
BODIES = ("array", "text", "broken")


@requirement("RFC7591-3/post-json-accepted")
def test_json_is_accepted(registration_access: Trace) -> None:
    """The endpoint reads a JSON object that is posted to it."""
    status = registration_access["anonymous"].answered.status
    assert status not in {404, 405, 406, 415, 501}, f"status is {status}"
    if not is_registered(registration_access["allowed"]):
        raise EvidenceError("no registration of ours is accepted")


@requirement("RFC7591-3/open-registration", "OIDCR-3/open-registration-without-token")
def test_registration_is_open(registration_access: Trace) -> None:
    """Anybody may register, or is told that an initial access token is needed."""
    exchange = registration_access["anonymous"]
    status = exchange.answered.status
    assert is_registered(exchange) or status in NO_ENTRY, f"status is {status}"


@requirement("RFC7591-3.2.2/bad-initial-access-token", "OIDCR-3.3/bearer-errors")
def test_bad_initial_access_token_is_told(registration_access: Trace) -> None:
    """A made-up initial access token is answered as RFC 6750 says, unless nobody needs one."""
    exchange, anonymous = registration_access["bad-token"], registration_access["anonymous"]
    if is_registered(exchange):
        assert is_registered(anonymous), "a made-up token opens what is closed without one"
    else:
        assert exchange.answered.status == 401, f"status is {exchange.answered.status}"
        bearer = [one for one in challenges(exchange) if one.scheme == "bearer"]
        assert bearer, "there is no Bearer challenge"
        error = bearer[0].get("error")
        assert error == "invalid_token", f"the challenge has the error {error}"


@requirement("RFC7591-3.1.1/software-statement-ignored")
def test_unknown_statement_does_no_harm(registration_extras: Trace) -> None:
    """A software statement of an issuer nobody knows is ignored or refused, never believed."""
    exchange = registration_extras["statement"]
    if is_registered(exchange):
        name = client_information(exchange).get("client_name")
        assert name != "Statement", "a statement with a forged signature was believed"


@requirement("RFC7591-3.2/status-201-json")
def test_success_is_201_with_json(client_registered: Trace) -> None:
    """A registered client is told so by 201, in JSON."""
    response = client_registered["register"].answered
    assert response.status == 201, f"status is {response.status}"
    assert response.media_type == "application/json", f"media type is {response.media_type}"


@requirement("RFC6749-5.1/cache-control-no-store")
def test_client_information_is_not_stored(client_registered: Trace) -> None:
    """No cache may keep a response with a client's credentials."""
    client_information(client_registered["register"])
    directives = client_registered["register"].answered.directives("cache-control")
    assert "no-store" in directives, "Cache-Control has no no-store"


@requirement("RFC7591-3.2.1/client-id-present", "OIDCR-3.2/client-id-present")
def test_client_id_is_there(client_registered: Trace) -> None:
    """The response names the client."""
    client_id = client_registered["register"].answered.json_object.get("client_id")
    assert isinstance(client_id, str), "client_id is no text"
    assert client_id, "client_id is empty"


@requirement("RFC7591-3.2.1/client-secret-expires-at", "OIDCR-3.2/client-secret-expires-at")
def test_secret_says_when_it_expires(client_registered: Trace) -> None:
    """With a secret comes when it expires: 0 for never, or a time to come."""
    members = client_information(client_registered["register"])
    assert members.get("client_secret"), "the client got no secret"
    expires_at = members.get("client_secret_expires_at")
    assert isinstance(expires_at, int | float), "client_secret_expires_at is no number"
    assert not isinstance(expires_at, bool), "client_secret_expires_at is no number"
    now = client_registered.started_at.timestamp()
    assert expires_at == 0 or expires_at > now, "the secret has expired already"


@requirement("RFC7591-3.2.1/client-secret-expiry-effective")
def test_secret_works_until_it_expires(registration_kept: Trace) -> None:
    """A secret works for as long as it was said to, and no longer; 0 is for ever."""
    members = client_information(registration_kept["register"])
    if not members.get("client_secret"):
        raise Unsuited("the client got no secret")
    exchange, expires_at = registration_kept["token"], members.get("client_secret_expires_at")
    if not is_number(expires_at):
        raise EvidenceError("nothing is said of when the secret expires")
    left_s = float(str(expires_at)) - server_time_s(exchange) if expires_at else FOR_EVER_S
    if abs(left_s) <= A_MOMENT_S:
        raise Unsuited("the secret expires in this very moment")
    works = token_error(exchange) != "invalid_client"
    assert works or left_s < 0, "the secret does not work any more"
    assert left_s > 0 or not works, "the secret works, though it has expired"


@requirement("RFC7591-3.2.1/client-id-issued-at-number", "OIDCR-3.2/client-id-issued-at-number")
def test_issue_time_is_a_number(client_registered: Trace) -> None:
    """The time of issue, if it is said, is in seconds since 1970."""
    now = client_registered.started_at.timestamp()
    issued_at = client_information(client_registered["register"]).get("client_id_issued_at", now)
    is_number = isinstance(issued_at, int | float) and not isinstance(issued_at, bool)
    assert is_number, "client_id_issued_at is no number"
    assert abs(issued_at - now) < 86_400, "client_id_issued_at is not of today"


@requirement("RFC7591-3.2.1/all-metadata-returned", "OIDCR-3.2/metadata-echoed")
def test_all_metadata_are_returned(
    client_registered: Trace,
) -> None:
    """The response tells all that is registered, what the server filled in too."""
    members = client_information(client_registered["register"])
    missing = [name for name in ALWAYS_SAID if name not in members]
    assert not missing, f"the response lacks {', '.join(missing)}"
    uris = ["https://client.example/cb", "https://client.example/other"]
    assert members["redirect_uris"] == uris, "redirect_uris are not those sent"


@requirement("RFC7591-3.2.2/error-400-json", "OIDCR-3.3/error-400-json")
def test_errors_are_400_with_json(
    registration_body_faults: Trace, registration_redirect_faults: Trace
) -> None:
    """A registration that cannot be made is answered by 400, in JSON."""
    exchanges = [registration_body_faults[step] for step in BODIES]
    for exchange in (*exchanges, registration_redirect_faults["text"]):
        registration_redirect_faults.decide(exchange)
        response = exchange.answered
        assert not is_registered(exchange), f"it was registered: {exchange.step}"
        assert response.status == 400, f"status is {response.status} for {exchange.step}"
        assert response.media_type == "application/json", f"media type is {response.media_type}"


@requirement("RFC7591-3.2.2/error-present")
def test_errors_have_a_code(
    registration_body_faults: Trace,
    registration_redirect_faults: Trace,
    registration_metadata_faults: Trace,
) -> None:
    """Every refusal has one error code in ASCII."""
    traces = registration_body_faults, registration_redirect_faults, registration_metadata_faults
    for exchange in refused_registrations(*traces):
        registration_body_faults.decide(exchange)
        code = exchange.answered.json_object["error"]
        assert isinstance(code, str), "error is no text"
        assert code, "error is empty"
        assert code.isascii(), "error is not ASCII"


@requirement("RFC7591-3.2.2/invalid-redirect-uri", "OIDCR-3.3/invalid-redirect-uri-code")
def test_bad_redirect_uri_has_its_own_error(registration_redirect_faults: Trace) -> None:
    """A redirect URI that cannot be registered is invalid_redirect_uri."""
    for step in ("no-uri", "fragment", "javascript", "data"):
        code = registration_error(registration_redirect_faults[step])
        assert code is not None, f"it was registered: {step}"
        assert code == "invalid_redirect_uri", f"the error is {code} for {step}"


@requirement("RFC7591-3.2.2/invalid-client-metadata")
def test_bad_metadata_have_their_error(registration_metadata_faults: Trace) -> None:
    """A member of a wrong type is invalid_client_metadata, unless it is replaced."""
    for step, member, wrong in (
        ("grant-types-text", "grant_types", "authorization_code"),
        ("auth-method-number", "token_endpoint_auth_method", 5),
    ):
        exchange = registration_metadata_faults[step]
        if is_registered(exchange):
            kept = client_information(exchange).get(member) == wrong
            assert not kept, f"{member} was registered as it was"
        else:
            code = registration_error(exchange)
            assert code == "invalid_client_metadata", f"the error is {code}"


@requirement("RFC7591-3.2.1/client-id-not-in-use")
def test_no_client_id_comes_twice(clients_registered_together: Trace) -> None:
    """Registrations at the same time get different client identifiers."""
    ids = [client_information(e)["client_id"] for e in clients_registered_together.steps("client")]
    assert len(set(ids)) == len(ids), "a client_id came twice"


@requirement(
    "RFC6749-2.2/client-id-unique",
    "OIDCR-3.1/unique-client-id-assigned",
    "OIDCR-3.2/client-id-not-shared",
)
def test_every_registration_has_its_own_client_id(clients_registered_together: Trace) -> None:
    """Every registration has an identifier of its own."""
    ids = [client_information(e)["client_id"] for e in clients_registered_together.steps("client")]
    assert len(set(ids)) == len(ids), "a client_id came twice"


@requirement(
    "RFC7591-3.2.1/client-secret-unique",
    "OIDCR-3.2/client-secret-not-shared",
    "RFC7591-5/secret-not-shared",
)
def test_no_secret_comes_twice(clients_registered_together: Trace) -> None:
    """No two registrations share a secret, not even of the same software."""
    registered = map(client_information, clients_registered_together.steps("client"))
    secrets = [
        text_in(one, "client_secret") if "client_secret" in one else "" for one in registered
    ]
    assert all(secrets), "a client got no secret"
    assert len(set(secrets)) == len(secrets), "a client_secret came twice"


@requirement("RFC7591-3/rate-limit", "OIDCR-3/rate-limit-allowed")
def test_registrations_at_once_break_nothing(clients_registered_together: Trace) -> None:
    """Several registrations at once are served, or put off by 429."""
    statuses = {e.answered.status for e in clients_registered_together.steps("client")}
    assert statuses <= {200, 201, 429}, f"the statuses are {sorted(statuses)}"


@requirement("RFC7591-3/transport-security", "RFC7591-5/tls-required", "OIDCR-9/tls")
def test_endpoint_is_https(metadata_documents: Trace) -> None:
    """The registration endpoint has the scheme https."""
    uri = registration_endpoint(metadata_documents)
    assert uri.startswith("https://"), "it is not https"


def registration_endpoint(trace: Trace) -> str:
    """Return the endpoint that the metadata name."""
    for exchange in trace:
        if exchange.response is not None and exchange.response.is_success:
            return str(exchange.response.json_object.get("registration_endpoint", ""))
    raise EvidenceError("no metadata were seen")
