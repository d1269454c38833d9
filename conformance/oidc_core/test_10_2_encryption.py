"""OpenID Connect Core 1.0, sections 2 and 10.2: ID Tokens that are encrypted."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    encryption_of,
    gives_tokens,
    id_token_fact,
    is_registered,
    keys_offered,
    opened_by,
    registered_value,
    requirement,
    steps_below,
    verifier_of,
)

ALG = "id_token_encrypted_response_alg"
ENC = "id_token_encrypted_response_enc"


@requirement("OIDCC-2/encrypted-is-signed-then-encrypted")
def test_what_is_encrypted_was_signed_first(encrypted_id_tokens: Trace) -> None:
    """In an encrypted ID Token is one that a key of the server verifies."""
    for step in steps_below(encrypted_id_tokens, "token"):
        fact = id_token_fact(encrypted_id_tokens, f"token/{step}")
        if opened_by(fact) is None:
            raise EvidenceError(f"{step}: it cannot be opened")
        assert "jwt" in fact, f"{step}: what is in it is no signed JWT"
        assert verifier_of(fact), f"{step}: no key verifies what is in it"


@requirement("OIDCC-10.2/encryption-alg-supported-by-recipient")
def test_algorithms_are_the_registered_ones(encrypted_id_tokens: Trace) -> None:
    """The alg and enc of the header are those that the client registered."""
    pairs = [step for step in steps_below(encrypted_id_tokens, "token") if " " in step]
    if not pairs:
        raise Unsuited("the server lists no content encryption")
    for step in pairs:
        alg, _, enc = step.partition(" ")
        wanted = (
            registered_value(encrypted_id_tokens, step, ALG, alg),
            registered_value(encrypted_id_tokens, step, ENC, enc),
        )
        header = encryption_of(id_token_fact(encrypted_id_tokens, f"token/{step}"))
        used = header.get("alg"), header.get("enc")
        assert used == wanted, f"{wanted} were registered, {used} are used"


@requirement("OIDCC-10.2/encrypts-to-published-key")
def test_it_is_encrypted_to_the_key_for_that(encrypted_id_tokens: Trace) -> None:
    """A key of the client's set, whose use is encryption, opens it."""
    for step in steps_below(encrypted_id_tokens, "token"):
        kids = keys_offered(encrypted_id_tokens[f"register/{step}"], "enc")
        kid = opened_by(id_token_fact(encrypted_id_tokens, f"token/{step}"))
        assert kid in kids, f"{step}: no encryption key of the client opens it"


@requirement("OIDCC-10.2/kid-when-several-keys")
def test_header_names_the_key(encrypted_id_tokens: Trace) -> None:
    """Where the client has several keys the header has a kid."""
    header = encryption_of(id_token_fact(encrypted_id_tokens, "token/two-keys"))
    if not header:
        raise EvidenceError("it is not encrypted")
    kids = keys_offered(encrypted_id_tokens["register/two-keys"], "enc")
    assert header.get("kid") in kids, "the header does not name one of the two keys"


@requirement("OIDCC-10.2/key-use-includes-encryption")
def test_signing_key_is_not_encrypted_to(encryption_faults: Trace) -> None:
    """Nothing is encrypted to a key whose use is signatures."""
    step = "tokens-signing-key"
    if step in encryption_faults and gives_tokens(encryption_faults[step]):
        fact = id_token_fact(encryption_faults, step)
        assert "jwe" not in fact or opened_by(fact) is None, "it is encrypted to a signing key"


@requirement("OIDCC-10.2/symmetric-key-derivation")
def test_symmetric_key_is_made_of_the_secret(encryption_by_secret: Trace) -> None:
    """The left-most bits of the hash of the secret open it."""
    for alg in steps_below(encryption_by_secret, "token"):
        fact = id_token_fact(encryption_by_secret, f"token/{alg}")
        if encryption_of(fact).get("alg") != alg:
            raise EvidenceError(f"it is not encrypted by {alg}")
        assert fact["jwe"]["opened"], f"{alg}: the hash of the secret does not open it"


@requirement("OIDCC-10.2/no-symmetric-encryption-for-public-clients")
def test_public_client_gets_no_symmetric_encryption(public_client_with_secrets: Trace) -> None:
    """A client without credentials cannot register encryption by its secret."""
    if "encryption" not in public_client_with_secrets:
        raise Unsuited("the server offers no symmetric encryption")
    exchange = public_client_with_secrets["encryption"]
    if is_registered(exchange):
        members = client_information(exchange)
        public = members.get("token_endpoint_auth_method", "none") == "none"
        assert not (public and members.get(ALG)), f"{members.get(ALG)} was registered"
