"""OpenID Connect Core sections 3.1.3 and 9: clients at the token endpoint."""

from idprobe.checks import (
    Trace,
    error_code,
    error_response,
    is_granted,
    refused,
    requirement,
)


@requirement("OIDCC-3.1.3.2/client-authenticated")
def test_code_is_not_redeemed_without_proof(confidential_client_unproven: Trace) -> None:
    """A confidential client's code needs its credentials, and the right ones."""
    for step in ("client_id_alone", "nothing", "wrong_secret"):
        exchange = confidential_client_unproven[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: the code is redeemed"


@requirement("OIDCC-3.1.3.4/error-form")
def test_bad_code_is_answered_in_the_form_of_oauth(token_request_faults: Trace) -> None:
    """A code that nobody issued is answered with 400, in JSON, with an error."""
    exchange = token_request_faults["unknown_code"]

    response = error_response(exchange)

    assert response.status == 400, f"the status is {response.status}"
    assert response.media_type == "application/json", f"the media type is {response.media_type}"
    assert response.error, "there is no error code"


@requirement("OIDCC-9/client-secret-basic")
def test_client_secret_basic_is_http_basic(basic_authentication: Trace) -> None:
    """A wrong secret by client_secret_basic is refused, the right one works."""
    assert refused(basic_authentication["wrong_secret"]), "a wrong secret is taken"


@requirement("OIDCC-9/client-secret-post")
def test_client_secret_post_is_in_the_body(secret_in_body: Trace) -> None:
    """The client_id and client_secret in the body are taken from a client registered for that."""
    exchange = secret_in_body["tokens"]

    assert is_granted(exchange), f"the credentials are refused: {error_code(exchange)}"


@requirement("OIDCC-9/client-secret-post")
def test_client_secret_post_is_not_in_the_query(body_authentication: Trace) -> None:
    """The same two in the query of the URL are not taken."""
    exchange = body_authentication["in_query"]

    assert refused(exchange), "credentials in the query are taken"


@requirement("OIDCC-3.1.3.1/registered-auth-method-enforced")
def test_client_authenticates_as_it_registered(basic_authentication: Trace) -> None:
    """A client registered for Basic is not believed by its secret in the body."""
    exchange = basic_authentication["body_instead"]

    assert refused(exchange), "another method than the registered one is taken"
