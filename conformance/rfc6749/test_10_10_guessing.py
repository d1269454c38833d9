"""RFC 6749 sections 2.3.1 and 10.10: guessing leads nowhere."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    error_code,
    is_login_page,
    requirement,
    slowed_down,
)

ENOUGH_BITS = 128


@requirement("RFC6749-2.3.1/brute-force-protection", "RFC6749-10.10/guessing-prevented")
def test_secrets_cannot_be_guessed(secret_guessed: Trace) -> None:
    """Wrong secrets are never taken, and are slowed down unless the secret is beyond guessing.

    Room for 128 random bits is no proof of strength; a secret without it is weak for certain.
    """
    right = error_code(secret_guessed["control"])
    if right in {None, "invalid_client"}:
        raise EvidenceError("the client cannot authenticate with the secret that it was given")
    guesses = [one for one in secret_guessed.steps("guess") if one.answered.status != 429]
    if guesses and error_code(guesses[0]) == right:
        raise EvidenceError("a request fails for its code, whatever the secret")
    assert right not in map(error_code, guesses), "a wrong secret is taken"
    secret = secret_guessed["register"].answered.json_object.get("client_secret")
    bits = secret_guessed.fact(secret)["max_entropy_bits"]
    locked = error_code(secret_guessed["right"]) == "invalid_client"
    weak = bits < ENOUGH_BITS and not locked and not slowed_down(secret_guessed)
    assert not weak, f"a secret with room for {bits} bits can be guessed at any rate"


@requirement("RFC6749-10.10/user-credentials-protected")
def test_logins_cannot_be_guessed_at_any_rate(password_guessed_at_login: Trace) -> None:
    """After forty wrong passwords in a row the form is locked, limited, slower, or another one.

    A form that asks for more, such as a challenge, is no login page that we could fill in again.
    """
    trace = password_guessed_at_login
    right = trace["right"]
    locked = is_login_page(right) or right.answered.status in {401, 403}
    assert locked or slowed_down(trace), "forty wrong passwords in a row change nothing"
