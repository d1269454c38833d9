"""RFC 8725: JWTs that could pass for others, and keys that anybody chose."""

from idprobe.checks import (
    CHOSEN_SECRET,
    EvidenceError,
    IssuedJwt,
    Trace,
    Unsuited,
    access_jwt,
    audiences,
    client_information,
    flaw_not_refused,
    gives_tokens,
    id_token,
    is_registered,
    is_token_accepted,
    requirement,
)

OF_ACCESS_TOKENS = frozenset({"client_id", "jti", "scope", "scp"})
"""Claims that a resource can want, and that an ID Token need not have."""
KIND_CLAIMS = ("typ", "token_use", "token_type", "use")
"""Claims by which servers tell the kinds of their JWTs apart."""


def _told_apart(identity: IssuedJwt, access: IssuedJwt) -> bool:
    """Return whether rules for one kind exclude the other, in a way of section 3.12."""
    types = [str(one.header.get("typ", "")).lower() for one in (identity, access)]
    ends = [set(map(str, audiences(one.claims.get("aud")))) for one in (identity, access)]
    kinds = [[one.claims.get(name) for name in KIND_CLAIMS] for one in (identity, access)]
    keys = [one.header.get("kid") for one in (identity, access)]
    wanted = (access.claims.keys() - identity.claims.keys()) & OF_ACCESS_TOKENS
    differing = types[0] != types[1] or kinds[0] != kinds[1] or keys[0] != keys[1]
    return differing or not ends[0] & ends[1] or bool(wanted)


def _taken_elsewhere(trace: Trace) -> str:
    """Return where a JWT of another kind was taken, as words."""
    if not is_token_accepted(trace["usual"]):
        raise EvidenceError("userinfo does not serve an ordinary token")
    steps = [step for step in dict.fromkeys(e.step for e in trace) if "/" not in step]
    used = [
        step for step in steps if step.startswith("userinfo-") and is_token_accepted(trace[step])
    ]
    asked = [step for step in steps if step.startswith(("grant-", "client-", "request-"))]
    return ", ".join(filter(None, [*used, flaw_not_refused(trace, *asked)]))


@requirement("RFC8725-2.8/cross-jwt-confusion-prevented")
def test_no_jwt_passes_for_another(jwts_out_of_place: Trace) -> None:
    """ID Tokens and JWT access tokens are no codes, refresh tokens, assertions or requests."""
    assert not (where := _taken_elsewhere(jwts_out_of_place)), f"taken: {where}"


@requirement("RFC8725-3.12/mutually-exclusive-validation")
def test_kinds_of_jwt_can_be_told_apart(jwts_out_of_place: Trace) -> None:
    """An ID Token and an access token of one login differ in type, audience, key or claims."""
    identity = id_token(jwts_out_of_place, "tokens")
    try:
        access = access_jwt(jwts_out_of_place, "tokens")
    except EvidenceError:
        raise Unsuited("the access tokens are no JWTs that can be read") from None
    assert _told_apart(identity, access), "an ID Token meets all rules for an access token"
    assert not (where := _taken_elsewhere(jwts_out_of_place)), f"taken: {where}"


@requirement("RFC8725-3.5/no-passwords-as-mac-keys")
def test_clients_do_not_choose_their_secrets(secret_chosen_by_client: Trace) -> None:
    """A secret that a client brings is refused, or replaced by one that is random."""
    chosen = secret_chosen_by_client["chosen"]
    if is_registered(chosen):
        secret = client_information(chosen).get("client_secret")
        sent = chosen.request.body.decode("utf-8", "replace")
        kept = secret == CHOSEN_SECRET or (isinstance(secret, str) and secret in sent)
        assert not kept, "the secret is the one that the client thought of"


@requirement("RFC8725-3.4/ecdh-inputs-validated")
def test_points_off_the_curve_are_refused(request_object_off_curve: Trace) -> None:
    """What was encrypted without the key of the server, by a point of small order, is refused."""
    trace = request_object_off_curve
    if not all(gives_tokens(trace[good]) for good in ("sealed", "sealed-again")):
        raise EvidenceError("a good Request Object that is encrypted was not served")
    steps = flaw_not_refused(trace, "order-2", "order-2-infinity", "order-3")
    assert not steps, f"opened with a point that is off the curve: {steps}"
