"""RFC 7636 section 4: challenges and verifiers."""

from idprobe.checks import (
    Exchange,
    Trace,
    Unsuited,
    authorization_response,
    error_code,
    gives_tokens,
    is_granted,
    refused,
    requirement,
    token_error,
)

GRANT_ERRORS = {"invalid_grant", "invalid_request"}
CHANGED = ("other-case", "longer", "shorter", "line-break")


def assert_no_tokens(trace: Trace, step: str, why: str) -> None:
    """Complain if a redemption with a bad verifier worked, or failed as it should not."""
    assert refused(trace[step]), f"the code was redeemed with {why}"
    code = token_error(trace[step])
    assert code in GRANT_ERRORS, f"the error is {code}, not invalid_grant"


def assert_invalid_request(trace: Trace, step: str) -> None:
    """Complain if an authorization request with a bad challenge is not an invalid_request."""
    assert refused(trace[step]), f"a request was granted with a challenge or method: {step}"
    code = error_code(trace[step])
    assert code in {"invalid_request", None}, f"the error is {code}, not invalid_request"


def challenge_wanted(trace: Trace) -> Exchange:
    """Return the answer to a request without a challenge; raises Unsuited if it was served."""
    if gives_tokens(trace["refused"]):
        raise Unsuited("the server serves public clients without PKCE")
    return trace["refused"]


@requirement("RFC7636-4.1/verifier-syntax-enforced")
def test_malformed_verifier_is_refused(pkce_verifiers_malformed: Trace) -> None:
    """A verifier that is too short, too long or has other characters is refused, hash or not."""
    for step in ("too-short", "too-long", "odd"):
        assert refused(pkce_verifiers_malformed[step]), f"a verifier was accepted that is {step}"


@requirement("RFC7636-4.2/s256-implemented")
def test_s256_works(pkce_verifiers_accepted: Trace) -> None:
    """Verifiers of 43 and of 128 characters, marks among them, work with S256."""
    for step in ("shortest", "longest", "marks"):
        assert not refused(pkce_verifiers_accepted[step]), f"a good verifier is refused: {step}"


@requirement("RFC7636-4.2/s256-test-vector")
def test_s256_of_appendix_b_works(pkce_verifiers_accepted: Trace) -> None:
    """The verifier and the challenge of appendix B belong together."""
    assert not refused(pkce_verifiers_accepted["appendix-b"]), "the pair is refused"


@requirement("RFC7636-4.2/challenge-syntax-checked")
def test_malformed_challenge_is_invalid_request(pkce_challenges: Trace) -> None:
    """A challenge that is too short or too long, padded, or has other characters is malformed."""
    for step in ("short", "nearly-long-enough", "long", "very-long", "padded", "odd"):
        assert_invalid_request(pkce_challenges, step)


@requirement("RFC7636-4.3/method-defaults-to-plain")
def test_challenge_without_method_is_plain(pkce_method_absent: Trace) -> None:
    """A challenge without a method is compared as it is, or the request is refused."""
    if refused(pkce_method_absent["as-plain"]):
        code = error_code(pkce_method_absent["as-plain"])
        assert code in {"invalid_request", None}, f"the error is {code}"
    else:
        works = gives_tokens(pkce_method_absent["redeem-as-plain"])
        assert works, "a plain verifier is refused though no method was named"
    if not refused(pkce_method_absent["as-s256"]):
        hashed = gives_tokens(pkce_method_absent["redeem-as-s256"])
        assert not hashed, "a challenge without a method was taken for S256"


@requirement("RFC7636-4.4/challenge-bound-to-code")
def test_verifiers_are_bound_to_their_codes(pkce_verifiers: Trace) -> None:
    """The verifier of one code does not redeem another."""
    for step in ("crossed", "crossed-back"):
        assert_no_tokens(pkce_verifiers, step, "the verifier of another code")


@requirement("RFC7636-4.4/challenge-not-exposed")
def test_challenge_is_not_sent_out(pkce_verifiers_accepted: Trace) -> None:
    """No authorization response shows a challenge that was sent."""
    requests = [exchange.request for exchange in pkce_verifiers_accepted]
    challenges = [one for request in requests if (one := request.parameter("code_challenge"))]
    for exchange in pkce_verifiers_accepted:
        pkce_verifiers_accepted.decide(exchange)
        if exchange.landing is not None:
            parameters = exchange.landing.parameters
            shown = [name for name, value in parameters if any(c in value for c in challenges)]
            assert not shown, f"the challenge is in {shown}"


@requirement("RFC7636-4.4.1/pkce-required-error")
def test_missing_challenge_is_invalid_request(pkce_absent_at_public: Trace) -> None:
    """Where PKCE is required a request without it is an invalid_request."""
    exchange = challenge_wanted(pkce_absent_at_public)
    assert error_code(exchange) == "invalid_request", f"the error is {error_code(exchange)}"


@requirement("RFC7636-4.4.1/pkce-required-explained")
def test_missing_challenge_is_explained(pkce_absent_at_public: Trace) -> None:
    """The error says that it is the code challenge that is missing."""
    landing = authorization_response(challenge_wanted(pkce_absent_at_public))
    said = f"{landing.get('error_description')} {landing.get('error_uri')}".lower()
    named = any(word in said for word in ("challenge", "pkce"))
    assert named, "neither error_description nor error_uri names the code challenge"


@requirement("RFC7636-4.4.1/unsupported-method-error")
def test_unsupported_method_is_invalid_request(pkce_challenges: Trace) -> None:
    """A method that the server does not know is an invalid_request."""
    for step in ("unknown-method", "lower-case-method", "plain"):
        if step in pkce_challenges or step != "plain":
            assert_invalid_request(pkce_challenges, step)


@requirement("RFC7636-4.4.1/unsupported-method-explained")
def test_unsupported_method_is_explained(pkce_challenges: Trace) -> None:
    """The error says that it is the method that is not supported."""
    landing = authorization_response(pkce_challenges["unknown-method"])
    said = f"{landing.get('error_description')} {landing.get('error_uri')}".lower()
    named = any(word in said for word in ("method", "transform"))
    assert named, "neither error_description nor error_uri names the method"


@requirement("RFC7636-4.5/verifier-required")
def test_verifier_may_not_be_left_out(pkce_verifiers: Trace, pkce_public_verifiers: Trace) -> None:
    """A code with a challenge is not redeemed without a verifier, whoever the client is."""
    for trace in (pkce_verifiers, pkce_public_verifiers):
        assert_no_tokens(trace, "missing", "no verifier")
    assert_no_tokens(pkce_verifiers, "empty", "an empty verifier")


@requirement("RFC7636-4.5/method-of-the-code-used")
def test_method_of_the_code_counts(pkce_verifiers: Trace) -> None:
    """An S256 challenge is not redeemed by itself, whatever method the token request names."""
    for step in ("challenge", "challenge-as-plain"):
        assert_no_tokens(pkce_verifiers, step, "the challenge as verifier")


@requirement("RFC6749-3.2/repeated-parameter-rejected")
def test_verifier_stands_once(pkce_verifiers: Trace) -> None:
    """A code is not redeemed by two verifiers, the right one among them, in either order."""
    for step in ("twice-right-last", "twice-right-first"):
        assert refused(pkce_verifiers[step]), f"the code was redeemed by two verifiers: {step}"


@requirement("RFC7636-4.5/method-of-the-code-used")
def test_method_at_the_token_endpoint_is_ignored(pkce_verifiers_accepted: Trace) -> None:
    """A method named in the token request changes nothing."""
    assert not refused(pkce_verifiers_accepted["extra-method"]), "the code is refused for it"


@requirement("RFC7636-4.6/equal-values-continue")
def test_matching_verifier_brings_tokens(pkce_verifiers_accepted: Trace) -> None:
    """A verifier that fits lets the code be redeemed."""
    assert is_granted(pkce_verifiers_accepted["longest"]), "a good verifier is refused"


@requirement("RFC7636-4.6/mismatch-invalid-grant")
def test_other_verifier_is_invalid_grant(
    pkce_verifiers: Trace, pkce_public_verifiers: Trace
) -> None:
    """A well-formed verifier that does not fit gives invalid_grant."""
    for trace in (pkce_verifiers, pkce_public_verifiers):
        assert refused(trace["other"]), "the code was redeemed with a made-up verifier"
        code = token_error(trace["other"])
        assert code == "invalid_grant", f"the error is {code}, not invalid_grant"


@requirement("RFC7636-4.6/comparison-is-exact")
def test_nearly_right_verifier_is_refused(pkce_verifiers: Trace) -> None:
    """A verifier with one change, be it in its case or at its end, is refused."""
    for step in CHANGED:
        assert_no_tokens(pkce_verifiers, step, f"a verifier that is changed: {step}")


@requirement("RFC7636-4.6/plain-compared-directly")
def test_plain_verifier_equals_its_challenge(pkce_plain: Trace) -> None:
    """With plain the verifier is the challenge, and nothing else will do."""
    assert not refused(pkce_plain["right"]), "a good plain verifier is refused"
    assert_no_tokens(pkce_plain, "wrong", "another plain verifier")


@requirement("RFC7636-5/clients-without-pkce")
def test_clients_without_pkce_are_served(pkce_optional: Trace) -> None:
    """A code that was issued without a challenge is redeemed without a verifier."""
    assert is_granted(pkce_optional["without"]), "the code cannot be redeemed"
