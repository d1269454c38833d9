"""OpenID Connect Registration section 2: what is registered is what the server does."""

from idprobe.checks import (
    EvidenceError,
    Trace,
    Unsuited,
    client_information,
    has_session,
    id_token,
    requirement,
)

ALG = "id_token_signed_response_alg"


@requirement("OIDCR-2/id-token-alg-honoured")
def test_id_tokens_have_the_registered_algorithm(id_token_algorithms_registered: Trace) -> None:
    """An ID Token is signed by the algorithm that its client registered."""
    steps = [e.step for e in id_token_algorithms_registered if e.step.startswith("token/")]
    if not steps:
        raise Unsuited("the server offers no asymmetric algorithm for ID Tokens")
    for step in steps:
        wanted = step.removeprefix("token/")
        told = client_information(id_token_algorithms_registered[f"register/{wanted}"]).get(
            ALG, wanted
        )
        token = id_token(id_token_algorithms_registered, step)
        assert token.alg == told, f"{told} was registered, and {token.alg} is used"
        assert token.verified_by or token.alg == "none", f"no key verifies it: {told}"


@requirement("OIDCR-2/id-token-alg-default-rs256")
def test_rs256_is_the_default(registered_client_at_work: Trace) -> None:
    """Without id_token_signed_response_alg an ID Token is signed with RS256."""
    told = client_information(registered_client_at_work["register"]).get(ALG, "RS256")
    token = id_token(registered_client_at_work, "tokens")
    assert token.alg == told, f"{told} holds, and {token.alg} is used"
    assert token.verified_by, "no key verifies it"


@requirement("OIDCR-2/require-auth-time-honoured")
def test_auth_time_is_there_where_it_is_required(auth_time_registered: Trace) -> None:
    """The ID Token of a client that registered require_auth_time has auth_time."""
    if client_information(auth_time_registered["register"]).get("require_auth_time") is False:
        raise Unsuited("the server says that it does not register require_auth_time")
    claims = id_token(auth_time_registered, "token").claims
    assert "auth_time" in claims, "there is no auth_time"


@requirement("OIDCR-2/default-acr-values-voluntary")
def test_default_acr_is_a_wish(default_acr_registered: Trace) -> None:
    """A default_acr_values that nobody can meet does not keep people from logging in."""
    landing = default_acr_registered["login"].landing
    if landing is None:
        raise EvidenceError("the login did not come to an end")
    assert landing.get("code"), f"the error is {landing.error}"


@requirement("OIDCR-2/default-max-age-enforced")
def test_default_max_age_holds(max_age_registered: Trace) -> None:
    """Once a login is older than default_max_age it counts no more, unless max_age says so."""
    if client_information(max_age_registered["register"]).get("default_max_age") is None:
        raise Unsuited("the server says that it does not register default_max_age")
    assert has_session(max_age_registered, "overridden"), "max_age does not override it"
    assert not has_session(max_age_registered, "stale"), "a login that is too old counts"
