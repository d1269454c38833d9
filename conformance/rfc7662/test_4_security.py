"""RFC 7662 section 4: what is checked before a token counts as active."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    requirement,
)


@requirement("RFC7662-4/revocation-checked")
def test_a_revoked_token_is_inactive(access_token_revoked: Trace) -> None:
    """Revocation is part of the check."""
    if access_token_revoked["introspect-before"].answered.json_object.get("active") is not True:
        raise Unsuited("the client may not introspect its own token")
    revoked = access_token_revoked["revoke"].answered
    if revoked.error == "unsupported_token_type":
        raise Unsuited("the server does not revoke this type of token")
    if revoked.status != 200:
        raise EvidenceError("the token was not revoked")
    said = access_token_revoked["introspect-after"].answered.json_object
    assert said.get("active") is False, "the revoked token is active"


@requirement("RFC7662-4/signature-checked")
def test_a_forged_token_is_inactive(forged_tokens_introspected: Trace) -> None:
    """The signature is part of the check."""
    if forged_tokens_introspected["usual"].answered.json_object.get("active") is not True:
        raise Unsuited("the client may not introspect its own token")
    if "forged-own-key" not in forged_tokens_introspected:
        raise Unsuited("the access tokens are not signed")
    for exchange in forged_tokens_introspected:
        forged_tokens_introspected.decide(exchange)
        if exchange.step.startswith("forged-"):
            response = exchange.answered
            if response.status != 200:
                raise EvidenceError(f"the question is not answered: {exchange}")
            active = response.json_object.get("active")
            assert active is False, f"active is not false ({exchange.step})"


@requirement("RFC7662-4/specific-authorization")
def test_a_client_learns_nothing_of_the_tokens_of_others(
    introspected_by_another_client: Trace,
) -> None:
    """Only those who are meant to ask get an answer."""
    response = introspected_by_another_client["other"].answered
    if response.status >= 500 or response.status == 429:
        raise EvidenceError("the server was busy or broke")
    told = response.is_success and response.json_object.get("active") is not False
    assert not told, "an ordinary client is told about the token of another"


@requirement("RFC7662-4/expiry-checked", "RFC7662-2.2/expired-or-revoked-token-inactive")
def test_an_expired_token_is_inactive(expired_token_introspected: Trace) -> None:
    """Expiry is part of the check."""
    before = expired_token_introspected["before"].answered
    if not before.is_success or before.json_object.get("active") is not True:
        raise Unsuited("the client may not introspect its own token")
    after = expired_token_introspected["after"].answered
    if after.status != 200:
        raise EvidenceError("the question is not answered once the token has expired")
    assert after.json_object.get("active") is False, "the expired token is active"
