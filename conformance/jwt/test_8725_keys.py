"""RFC 8725 section 3.5: published keys that were made from enough chance."""

from itertools import combinations
from math import gcd

from idprobe.checks import (
    Trace,
    Unsuited,
    integer_member,
    published_keys,
    requirement,
)


@requirement("RFC8725-3.5/key-entropy")
def test_no_two_keys_have_a_prime_in_common(keys_document: Trace) -> None:
    """RSA keys with a common prime can be factored by anybody who sees both."""
    keys = [key for key in published_keys(keys_document) if key.get("kty") == "RSA"]
    moduli = {integer_member(key, "n") for key in keys}
    if len(moduli) < 2:
        raise Unsuited("the JWK Set has fewer than two RSA keys")
    assert all(gcd(*pair) == 1 for pair in combinations(moduli, 2)), "two keys share a prime"
