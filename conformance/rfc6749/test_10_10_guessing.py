"""RFC 6749 sections 2.3.1 and 10.10: guessing leads nowhere."""

from statistics import median

from idprobe.checks import EvidenceError, Trace, error_code, requirement

ENOUGH_BITS = 128
SLOWER = 5
SLOW_NS = 200_000_000
STRETCH = 10


def slowed_down(trace: Trace) -> bool:
    """Return whether the server showed that it noticed the guesses: a lock, a limit, a delay."""
    guesses = trace.steps("guess")
    limited = any(e.answered.status == 429 or e.answered.header("retry-after") for e in guesses)
    locked = error_code(trace["right"]) == "invalid_client"
    times = [exchange.elapsed_ns for exchange in guesses]
    first, last = median(times[:STRETCH]), median(times[-STRETCH:])
    return limited or locked or (last > SLOWER * first and last > SLOW_NS)


@requirement("RFC6749-2.3.1/brute-force-protection", "RFC6749-10.10/guessing-prevented")
def test_secrets_cannot_be_guessed(secret_guessed: Trace) -> None:
    """Wrong secrets are never taken, and are slowed down unless the secret is beyond guessing.

    Room for 128 random bits is no proof of strength; a secret without it is weak for certain.
    """
    if error_code(secret_guessed["control"]) == "invalid_client":
        raise EvidenceError("the client cannot authenticate with the secret that it was given")
    for exchange in secret_guessed.steps("guess"):
        limited = exchange.answered.status == 429
        assert limited or error_code(exchange) == "invalid_client", "a wrong secret is taken"
    secret = secret_guessed["register"].answered.json_object.get("client_secret")
    bits = secret_guessed.fact(secret)["max_entropy_bits"]
    weak = bits < ENOUGH_BITS and not slowed_down(secret_guessed)
    assert not weak, f"a secret with room for {bits} bits can be guessed at any rate"
