"""OpenID Connect Core 1.0, section 5.3.2: UserInfo responses that are signed and encrypted."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    audiences,
    client_information,
    metadata,
    opened_by,
    registered_value,
    requirement,
    steps_below,
    userinfo_fact,
    verifier_of,
)

ALG = "userinfo_signed_response_alg"


def signed_steps(trace: Trace) -> list[str]:
    """Return the steps of clients for which a signature was registered."""
    steps = [
        s
        for s in steps_below(trace, "userinfo")
        if registered_value(trace, s, ALG, s) not in (None, "")
    ]
    if not steps:
        raise Unsuited("the server registers no signature of UserInfo")
    return steps


def claims_of(trace: Trace, step: str) -> dict[str, object]:
    """Return the claims of a signed response; raises EvidenceError if it is none."""
    fact = userinfo_fact(trace, f"userinfo/{step}")
    if "jwt" not in fact:
        raise EvidenceError(f"{step}: the response is no signed JWT")
    return dict(fact["jwt"]["claims"])


@requirement("OIDCC-5.3.2/jwt-content-type")
def test_signed_response_is_a_jwt(signed_userinfo: Trace) -> None:
    """The media type of a signed response is application/jwt."""
    for step in signed_steps(signed_userinfo):
        claims_of(signed_userinfo, step)
        media_type = signed_userinfo[f"userinfo/{step}"].answered.media_type
        assert media_type == "application/jwt", f"{step}: the media type is {media_type}"


@requirement("OIDCC-5.3.2/signed-has-iss-and-aud")
def test_signed_response_has_iss_and_aud(signed_userinfo: Trace) -> None:
    """A signed response says who made it and for whom."""
    for step in signed_steps(signed_userinfo):
        missing = {"iss", "aud"} - claims_of(signed_userinfo, step).keys()
        assert not missing, f"{step}: there is no {' and no '.join(sorted(missing))}"


@requirement("OIDCC-5.3.2/signed-iss-is-issuer")
def test_iss_of_signed_response_is_the_issuer(
    metadata_documents: Trace, signed_userinfo: Trace
) -> None:
    """The iss is the issuer of the metadata."""
    issuer = metadata(metadata_documents).get("issuer")
    for step in signed_steps(signed_userinfo):
        claims = claims_of(signed_userinfo, step)
        if "iss" not in claims:
            raise EvidenceError(f"{step}: there is no iss")
        assert claims["iss"] == issuer, f"{step}: it is another issuer"


@requirement("OIDCC-5.3.2/signed-aud-has-client")
def test_aud_of_signed_response_is_the_client(signed_userinfo: Trace) -> None:
    """The aud is or has the client_id."""
    for step in signed_steps(signed_userinfo):
        claims = claims_of(signed_userinfo, step)
        if "aud" not in claims:
            raise EvidenceError(f"{step}: there is no aud")
        client_id = client_information(signed_userinfo[f"register/{step}"])["client_id"]
        assert client_id in audiences(claims["aud"]), f"{step}: the client is not in aud"


@requirement("OIDCC-5.3.4/response-signature-verifies")
def test_signature_of_the_response_verifies(signed_userinfo: Trace) -> None:
    """A published key, or the secret of the client, verifies a signed response."""
    for step in signed_steps(signed_userinfo):
        claims_of(signed_userinfo, step)
        by = verifier_of(userinfo_fact(signed_userinfo, f"userinfo/{step}"))
        assert by, f"{step}: no key verifies it"


@requirement("OIDCC-5.3.2/signed-then-encrypted")
def test_encrypted_response_was_signed_first(encrypted_userinfo: Trace) -> None:
    """Where both are registered a signed response is in an encrypted one."""
    if "userinfo/both" not in encrypted_userinfo:
        raise Unsuited("the server does not sign UserInfo with RS256")
    fact = userinfo_fact(encrypted_userinfo, "userinfo/both")
    if opened_by(fact) is None:
        raise EvidenceError("the response cannot be opened")
    assert "jwt" in fact, "what is in it is no signed JWT"
    assert verifier_of(fact), "no key verifies what is in it"
