"""OpenID Connect Core 1.0, sections 10.1 and 16.19: ID Tokens whose key is a client secret."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    id_token,
    is_registered,
    registered_value,
    requirement,
    steps_below,
)

ALG = "id_token_signed_response_alg"
OCTETS = {"HS256": 32, "HS384": 48, "HS512": 64}
ENOUGH_BITS = 128


@requirement("OIDCC-10.1/mac-alg-and-key")
def test_mac_is_made_with_the_secret_of_the_client(mac_id_tokens: Trace) -> None:
    """The alg is the registered one, and the key is the octets of the client's own secret."""
    for alg in steps_below(mac_id_tokens, "token"):
        token = id_token(mac_id_tokens, f"token/{alg}")
        wanted = registered_value(mac_id_tokens, alg, ALG, alg)
        assert token.alg == wanted, f"{wanted} was registered, and {token.alg} is used"
        secret = client_information(mac_id_tokens[f"register/{alg}"]).get("client_secret")
        assert (token.verified_by or {}).get("secret") == secret, f"{alg}: it is another key"


@requirement("OIDCC-10.1/no-mac-for-public-clients")
def test_public_client_gets_no_mac(public_client_with_secrets: Trace) -> None:
    """A client without credentials cannot register HS256, or is registered otherwise."""
    if "mac" not in public_client_with_secrets:
        raise Unsuited("the server offers no HMAC algorithm for ID Tokens")
    exchange = public_client_with_secrets["mac"]
    if is_registered(exchange):
        members = client_information(exchange)
        kept = members.get(ALG, "HS256"), members.get("token_endpoint_auth_method", "none")
        assert kept != ("HS256", "none"), "HS256 was registered for a public client"


@requirement("OIDCC-16.19/secret-min-octets", "RFC7518-3.2/hmac-key-size")
def test_secret_is_as_long_as_the_hash(mac_secrets: Trace) -> None:
    """A secret has at least as many octets as the algorithm that it is the key of."""
    for alg in steps_below(mac_secrets, "register"):
        if str(registered_value(mac_secrets, alg, ALG, alg)) in OCTETS:
            secret = client_information(mac_secrets[f"register/{alg}"]).get("client_secret")
            if not isinstance(secret, str):
                raise EvidenceError(f"the client with {alg} has no secret")
            length = mac_secrets.fact(secret)["length"]
            assert length >= OCTETS[alg], f"{alg}: the secret has {length} octets"


@requirement("OIDCC-16.19/secret-entropy", "RFC8725-3.5/key-entropy")
def test_secrets_are_not_guessed(mac_secrets: Trace) -> None:
    """Each client has a secret of its own, with room for 128 bits at the least."""
    exchanges = [e for e in mac_secrets if e.step.startswith("secret/")]
    secrets = [client_information(exchange).get("client_secret") for exchange in exchanges]
    named = [one for one in secrets if isinstance(one, str)]
    if len(named) < len(exchanges) or not named:
        raise EvidenceError("a client has no secret")
    assert len(set(named)) == len(named), "two clients have one secret"
    least = min(mac_secrets.fact(one)["max_entropy_bits"] for one in named)
    assert least >= ENOUGH_BITS, f"a secret has room for {least} bits"
