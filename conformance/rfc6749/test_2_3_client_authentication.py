"""RFC 6749 sections 2.2, 2.3, 3.2.1 and 5.2: who proves to be a client, and who does not."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    challenges,
    error_code,
    error_response,
    flaw_in_refusals,
    gives_tokens,
    is_granted,
    refused,
    requirement,
    text_in,
)

NOT_PROVEN = {"invalid_client", "invalid_request"}


@requirement("RFC6749-2.3.1/basic-supported")
def test_basic_credentials_are_taken(secret_in_header: Trace) -> None:
    """A client with a password can authenticate by HTTP Basic."""
    exchange = secret_in_header["tokens"]
    if error_code(exchange) == "invalid_client":
        raise EvidenceError("the client_secret of the profile may be wrong")

    assert is_granted(exchange), f"Basic credentials are refused: {error_code(exchange)}"


@requirement("RFC6749-2.3.1/basic-credentials-form-decoded")
def test_basic_credentials_are_form_decoded(secret_with_marks: Trace) -> None:
    """A secret with signs works in its form-encoded spelling."""
    exchange = secret_with_marks["encoded"]
    works = gives_tokens(exchange)
    if not works and not gives_tokens(secret_with_marks["raw"]):
        raise EvidenceError("the client_secret of the profile works in neither spelling")

    assert works, "the secret works as it is, and not form-encoded"


@requirement("RFC6749-2.2/client-id-is-not-a-credential")
def test_client_id_alone_does_not_redeem_a_code(confidential_client_unproven: Trace) -> None:
    """Knowing a confidential client's client_id does not redeem its code."""
    exchange = confidential_client_unproven["client_id_alone"]

    assert refused(exchange), "a client_id alone is taken as proof"


@requirement("RFC6749-2.2/client-id-is-not-a-credential")
def test_client_id_alone_brings_no_client_credentials(client_credentials_unproven: Trace) -> None:
    """Knowing a client_id does not bring the client's own token."""
    exchange = client_credentials_unproven["client_id_alone"]

    assert refused(exchange), "a client_id alone is taken as proof"


@requirement(
    "RFC6749-3.2.1/confidential-client-must-authenticate",
    "RFC6749-10.2/authenticate-whenever-possible",
    "RFC9700-2.5/client-authentication-enforced",
)
def test_confidential_client_cannot_leave_out_its_credentials(
    confidential_client_unproven: Trace,
) -> None:
    """A confidential client's code is not redeemed without credentials."""
    empty = ("empty_secret", "empty_secret_in_header", "empty_secret_in_body", "empty_client_id")
    for step in ("client_id_alone", "nothing", *empty):
        exchange = confidential_client_unproven[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: the code is redeemed"


@requirement("RFC6749-3.2.1/public-client-sends-client-id")
def test_public_client_has_to_name_itself(public_client_unnamed: Trace) -> None:
    """A public client's code is not redeemed by somebody without a name."""
    exchange = public_client_unnamed["nameless"]

    assert refused(exchange), "a code is redeemed without client_id"


@requirement("RFC6749-2.3.1/credentials-not-in-uri")
def test_basic_client_cannot_authenticate_in_the_uri(basic_authentication: Trace) -> None:
    """Right credentials in the request URI are not taken from a client that uses Basic."""
    exchange = basic_authentication["in_query"]

    assert refused(exchange), "credentials in the request URI are taken"


@requirement("RFC6749-2.3.1/credentials-not-in-uri")
def test_body_client_cannot_authenticate_in_the_uri(body_authentication: Trace) -> None:
    """Right credentials in the request URI are not taken from a client that uses the body."""
    exchange = body_authentication["in_query"]

    assert refused(exchange), "credentials in the request URI are taken"


@requirement("RFC6749-5.2/several-authentication-mechanisms")
def test_two_ways_of_authentication_are_refused(basic_authentication: Trace) -> None:
    """Credentials in the header and in the body of one request are refused."""
    exchange = basic_authentication["body_too"]

    assert refused(exchange), "two ways of authentication in one request are taken"
    code = error_code(exchange)
    assert code in NOT_PROVEN, f"the error is {code}"


@requirement("RFC6749-5.2/invalid-client")
def test_wrong_secret_is_invalid_client(confidential_client_unproven: Trace) -> None:
    """A wrong secret is invalid_client, with status 400 or 401."""
    exchange = confidential_client_unproven["wrong_secret"]

    assert refused(exchange), "a wrong secret is taken"
    code, status = error_code(exchange), exchange.answered.status
    assert code == "invalid_client", f"the error is {code}"
    assert status in {400, 401}, f"the status is {status}"


@requirement("RFC6749-5.2/invalid-client")
def test_wrong_secret_in_basic_is_invalid_client(basic_authentication: Trace) -> None:
    """A wrong secret and an unknown client in a Basic header are invalid_client."""
    for step in ("wrong_secret", "unknown_client"):
        exchange = basic_authentication[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: tokens are given"
        code = error_code(exchange)
        assert code == "invalid_client", f"{step.replace('_', ' ')}: the error is {code}"


@requirement("RFC6749-5.2/invalid-client")
def test_malformed_basic_header_proves_nothing(basic_authentication: Trace) -> None:
    """A Basic header that cannot be read is refused in the form of errors."""
    steps = ("scheme_only", "bad_base64", "no_colon", "not_utf_8")
    flaws = flaw_in_refusals(basic_authentication, *steps, codes=NOT_PROVEN)
    assert not flaws, flaws


@requirement("RFC6749-2.3.2/method-mapped-to-client")
def test_credentials_speak_for_no_other_client(basic_authentication: Trace) -> None:
    """Whoever proves to be one client and names another gets nothing that is the other's."""
    if "client_id_of_another" not in basic_authentication:
        raise EvidenceError("the profile has no other client that could be named")
    exchange = basic_authentication["client_id_of_another"]
    if refused(exchange):
        return
    token = text_in(exchange.answered.json_object, "access_token")
    claims = basic_authentication.fact(token).get("jwt", {}).get("claims", {})
    if "client_id" not in claims and "azp" not in claims:
        raise EvidenceError("the token does not say whose it is")
    named = exchange.request.parameter("client_id")
    assert named not in (claims.get("client_id"), claims.get("azp")), "the other gets a token"


@requirement("RFC6749-5.2/invalid-client")
def test_wrong_secret_in_the_body_is_invalid_client(body_authentication: Trace) -> None:
    """A wrong secret and an unknown client in the body are invalid_client, with 400 or 401."""
    for step in ("wrong_secret", "unknown_client"):
        exchange = body_authentication[step]
        assert refused(exchange), f"{step.replace('_', ' ')}: tokens are given"
        code, status = error_code(exchange), exchange.answered.status
        assert code == "invalid_client", f"{step.replace('_', ' ')}: the error is {code}"
        assert status in {400, 401}, f"{step.replace('_', ' ')}: the status is {status}"


@requirement("RFC6749-5.2/invalid-client-401-for-authorization-header")
def test_failed_basic_header_is_401(basic_authentication: Trace) -> None:
    """A wrong secret in the Authorization header is answered with 401."""
    exchange = basic_authentication["wrong_secret"]

    assert not gives_tokens(exchange), "a wrong secret is taken"
    status = error_response(exchange).status
    assert status == 401, f"the status is {status}"


@requirement("RFC6749-5.2/invalid-client-www-authenticate")
def test_failed_basic_header_is_challenged(basic_authentication: Trace) -> None:
    """That answer has WWW-Authenticate with the scheme that the client used."""
    exchange = basic_authentication["wrong_secret"]

    assert not gives_tokens(exchange), "a wrong secret is taken"
    schemes = {challenge.scheme for challenge in challenges(exchange)}
    assert "basic" in schemes, f"WWW-Authenticate is for {', '.join(sorted(schemes)) or 'nothing'}"


@requirement("RFC6749-5.2/invalid-client-401-otherwise")
def test_failed_body_credentials_are_400_or_401(body_authentication: Trace) -> None:
    """A wrong secret in the body is answered with 400 or 401."""
    response = error_response(body_authentication["wrong_secret"])
    assert response.status in {400, 401}, f"the status is {response.status}"


@requirement("RFC6749-2.3.1/body-credentials-optional")
def test_secret_in_the_body_is_taken_or_refused_in_form(basic_authentication: Trace) -> None:
    """A client registered for Basic gets tokens for its secret in the body, or an OAuth error."""
    exchange = basic_authentication["body_instead"]
    if refused(exchange):
        code = error_code(exchange)
        assert code in NOT_PROVEN | {"unauthorized_client"}, f"the error is {code}"


@requirement("RFC6749-2.3.2/method-mapped-to-client")
def test_assertion_speaks_for_no_other_client(assertion_for_another_client: Trace) -> None:
    """A client that proves itself by a key is not served under another client_id."""
    exchange = assertion_for_another_client["other_name"]

    assert refused(exchange), "an assertion is taken together with another client's client_id"


@requirement("RFC6749-A.2/other-characters-refused")
def test_secret_does_not_end_at_a_zero(secret_near_misses: Trace) -> None:
    """A secret with a NUL after it is none that appendix A.2 allows."""
    assert refused(secret_near_misses["zero-after"]), "the secret with a NUL after it is taken"
