"""RFC 6749 section 10.10: codes and tokens that cannot be guessed.

The length of a value times the width of the alphabet seen is an upper bound of what is random in
it: it can show that a value is too weak, never that it is strong.
"""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    requirement,
    token_members,
)


def _bits(trace: Trace, step: str) -> dict[str, float]:
    """Return the upper bound of each value that no signature protects, by its kind."""
    members = token_members(trace[step])
    values = {name: members.get(name) for name in ("access_token", "refresh_token")}
    codes = [landing.get("code") for landing in trace.landings]
    values["code"] = codes[-1] if codes else None
    facts = {name: trace.fact(v) for name, v in values.items() if isinstance(v, str)}
    found = {name: fact["max_entropy_bits"] for name, fact in facts.items() if "jwt" not in fact}
    if not found:
        raise EvidenceError("there is no value that is not signed")
    return found


@requirement("RFC6749-10.10/guess-probability-2-128")
def test_values_of_the_code_grant_have_room_for_128_bits(code_answer: Trace) -> None:
    """Codes and opaque tokens are long enough for 128 random bits."""
    for name, bits in _bits(code_answer, "tokens").items():
        assert bits >= 128, f"the {name} has room for {bits} bits"


@requirement("RFC6750-5.2/reference-token-unguessable")
def test_opaque_access_token_has_room_for_128_bits(code_answer: Trace) -> None:
    """An access token that only points to what it means is long enough for 128 random bits."""
    fact = code_answer.fact(token_members(code_answer["tokens"]).get("access_token"))
    if "jwt" in fact:
        raise Unsuited("the access token is a JWT, which a signature protects")
    bits = fact["max_entropy_bits"]
    assert bits >= 128, f"the access token has room for {bits} bits"


@requirement("RFC6749-10.10/guess-probability-2-160")
def test_values_of_the_code_grant_have_room_for_160_bits(code_answer: Trace) -> None:
    """Codes and opaque tokens are long enough for 160 random bits."""
    for name, bits in _bits(code_answer, "tokens").items():
        assert bits >= 160, f"the {name} has room for {bits} bits"


@requirement("RFC6749-10.10/guess-probability-2-128")
def test_two_clients_have_different_tokens(
    code_answer: Trace, client_credentials_answer: Trace
) -> None:
    """A client's own token is not the one that another client has of a user."""
    exchange = client_credentials_answer["tokens"]
    own = token_members(exchange).get("access_token")
    of_user = token_members(code_answer["tokens"]).get("access_token")
    if own is None or of_user is None:
        raise EvidenceError("there are no two tokens to compare")

    assert own != of_user, "two clients have the same access token"
