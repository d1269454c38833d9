"""OpenID Connect Registration section 2: signatures and encryption that a client registers."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    client_information,
    encryption_of,
    id_token_fact,
    is_registered,
    registered_value,
    requirement,
    steps_below,
    userinfo_fact,
)

ID_TOKEN = "id_token_encrypted_response"
USERINFO = "userinfo_encrypted_response"
DEFAULT = "A128CBC-HS256"


@requirement("OIDCR-2/id-token-encryption-honoured")
def test_id_tokens_are_encrypted_as_registered(encrypted_id_tokens: Trace) -> None:
    """Each registered algorithm is used, and without one nothing is encrypted."""
    plain = id_token_fact(encrypted_id_tokens, "token/plain")
    assert "jwe" not in plain, "it is encrypted although the client did not register that"
    for step in steps_below(encrypted_id_tokens, "token"):
        if step == "two-keys" or " " in step:
            continue
        wanted = registered_value(encrypted_id_tokens, step, f"{ID_TOKEN}_alg", step)
        header = encryption_of(id_token_fact(encrypted_id_tokens, f"token/{step}"))
        assert header, f"{step} was registered, and it is not encrypted"
        assert header.get("alg") == wanted, f"{wanted} was registered, {header.get('alg')} is used"


@requirement("OIDCR-2/id-token-enc-default")
def test_content_encryption_has_a_default(encrypted_id_tokens: Trace) -> None:
    """Without an enc it is A128CBC-HS256."""
    for step in steps_below(encrypted_id_tokens, "token"):
        header = encryption_of(id_token_fact(encrypted_id_tokens, f"token/{step}"))
        if " " not in step:
            wanted = registered_value(encrypted_id_tokens, step, f"{ID_TOKEN}_enc", DEFAULT)
            if not header:
                raise EvidenceError(f"{step}: it is not encrypted")
            assert header.get("enc") == wanted, f"the enc is {header.get('enc')}"


@requirement("OIDCR-2/id-token-enc-needs-alg")
def test_content_encryption_does_not_stand_alone(encryption_faults: Trace) -> None:
    """An enc without an alg is refused, or dropped."""
    exchange = encryption_faults["enc"]
    if is_registered(exchange):
        kept = client_information(exchange)
        alone = kept.get(f"{ID_TOKEN}_enc") and not kept.get(f"{ID_TOKEN}_alg")
        assert not alone, "an enc was registered without alg"


@requirement("OIDCR-2/userinfo-alg-honoured")
def test_userinfo_is_signed_as_registered(signed_userinfo: Trace) -> None:
    """Each registered algorithm is used, and without one it is plain JSON."""
    plain = signed_userinfo["userinfo/plain"].answered
    if not plain.is_success:
        raise EvidenceError("userinfo gave nothing")
    assert plain.media_type == "application/json", f"without alg it is {plain.media_type}"
    for step in steps_below(signed_userinfo, "userinfo"):
        wanted = registered_value(signed_userinfo, step, "userinfo_signed_response_alg", step)
        fact = userinfo_fact(signed_userinfo, f"userinfo/{step}")
        alg = fact.get("jwt", {}).get("header", {}).get("alg")
        assert alg == wanted, f"{wanted} was registered, and {alg or 'no signature'} is used"


@requirement("OIDCR-2/userinfo-encryption-honoured")
def test_userinfo_is_encrypted_as_registered(encrypted_userinfo: Trace) -> None:
    """The registered alg is used, and A128CBC-HS256 without an enc."""
    header = encryption_of(userinfo_fact(encrypted_userinfo, "userinfo/alone"))
    assert header, "it is not encrypted"
    alg = registered_value(encrypted_userinfo, "alone", f"{USERINFO}_alg", header.get("alg"))
    enc = registered_value(encrypted_userinfo, "alone", f"{USERINFO}_enc", DEFAULT)
    used = header.get("alg"), header.get("enc")
    assert used == (alg, enc), f"{alg} and {enc} hold, {used} are used"
