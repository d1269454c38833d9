"""RFC 7518 sections 3.4 and 3.6: the octets of signatures."""

from idprobe.checks import (
    EvidenceError,
    IssuedJwt,
    Trace,
    Unsuited,
    id_token,
    issued_jwts,
    requirement,
)

OCTETS = {"ES256": 64, "ES256K": 64, "ES384": 96, "ES512": 132}


def _octets(trace: Trace, token: IssuedJwt) -> int:
    fact = trace.fact(token.name)
    if "signature_octets" not in fact:
        raise EvidenceError("the evidence does not say how long signatures are")
    return int(fact["signature_octets"])


@requirement("RFC7518-3.4/ecdsa-signature-not-shortened")
def test_ecdsa_signatures_have_their_full_length(elliptic_signatures: Trace) -> None:
    """R and S keep their leading zeros in each of many signatures, and are not in DER."""
    tokens = [one for one in issued_jwts(elliptic_signatures) if one.alg in OCTETS]
    if not tokens:
        raise Unsuited("no token is signed with ECDSA")
    for token in tokens:
        octets, wanted = _octets(elliptic_signatures, token), OCTETS[token.alg]
        assert octets == wanted, f"a signature of {token.alg} has {octets} octets, not {wanted}"


@requirement("RFC7518-3.6/none-has-empty-signature")
def test_unsigned_token_has_an_empty_signature(unsigned_id_token: Trace) -> None:
    """After the last full stop of an ID Token with alg none there is nothing."""
    token = id_token(unsigned_id_token, "tokens")
    if token.alg != "none":
        raise Unsuited("the server signs the ID Tokens of a client that asked for none")
    octets = _octets(unsigned_id_token, token)
    assert octets == 0, f"there are {octets} octets where no signature is"
