"""RFC 9068: access tokens that are JWTs, where their typ says that they are of this profile."""

import re
from typing import Any

from idprobe.checks import (
    JWT_ACCESS_TOKEN_TYPES,
    SKEW_S,
    Trace,
    Unsuited,
    audiences,
    id_token,
    is_number,
    jwt_access_token,
    metadata,
    published_keys,
    requirement,
    sent_parameter,
    tokens_of,
)

ASYMMETRIC = ("RS", "PS", "ES", "Ed", "ML")
SCIM = ("groups", "roles", "entitlements")
ALIKE = re.compile(
    r"(?:^|[_\W])(?:group|role|entitlement|authoritie|permission)s?\Z", re.IGNORECASE
)
"""How other names for the same end, such as cognito:groups or user_roles."""


@requirement("RFC9068-2.1/signed")
def test_access_token_is_signed(code_redeemed: Trace) -> None:
    """The signature verifies with a published key."""
    found = jwt_access_token(code_redeemed).verified_by
    assert found is not None, "no known key verifies the signature"


@requirement("RFC9068-2.1/asymmetric", "RFC9068-4/asymmetric-signing")
def test_access_token_is_signed_with_a_private_key(code_redeemed: Trace) -> None:
    """Resources can verify the token, and not make one."""
    alg = jwt_access_token(code_redeemed).alg
    assert alg.startswith(ASYMMETRIC), f"alg is {alg[:20]}"


@requirement("RFC9068-2.1/alg-none-absent")
def test_access_token_is_not_unsecured(code_redeemed: Trace) -> None:
    """The algorithm none is no signature."""
    alg = jwt_access_token(code_redeemed).alg
    assert alg.lower() != "none", "alg is none"


@requirement("RFC9068-2.1/typ-is-at-jwt", "RFC8725-3.11/explicit-typing")
def test_access_token_has_its_type(code_redeemed: Trace) -> None:
    """The typ keeps an access token from passing for another JWT."""
    typ = str(jwt_access_token(code_redeemed).header.get("typ", ""))
    assert typ.lower() in JWT_ACCESS_TOKEN_TYPES, f"typ is {typ[:30] or 'missing'}"


@requirement("RFC9068-2.1/typ-without-prefix")
def test_type_of_access_token_has_no_prefix(code_redeemed: Trace) -> None:
    """The typ is written at+jwt."""
    typ = str(jwt_access_token(code_redeemed).header.get("typ", ""))
    assert typ == "at+jwt", f"typ is {typ[:30] or 'missing'}"


@requirement("RFC9068-2.2/iss")
def test_access_token_has_iss(code_redeemed: Trace, metadata_documents: Trace) -> None:
    """The iss is the issuer of the metadata."""
    iss = jwt_access_token(code_redeemed).claims.get("iss")
    assert iss == metadata(metadata_documents).get("issuer"), "iss is missing or another one"


@requirement("RFC9068-2.2/exp")
def test_access_token_has_exp(code_redeemed: Trace) -> None:
    """The exp is a number that fits expires_in."""
    token = jwt_access_token(code_redeemed)
    assert is_number(token.claims.get("exp")), "exp is missing or no number"
    expires_in = tokens_of(code_redeemed, "redeem").get("expires_in")
    if is_number(expires_in):
        off = token.number("exp") - token.exchange.started_at.timestamp() - float(str(expires_in))
        assert abs(off) <= SKEW_S, f"exp is {off:.0f} s off expires_in"


@requirement("RFC9068-2.2/aud", "RFC9068-3/default-resource")
def test_access_token_has_aud(code_redeemed: Trace) -> None:
    """The aud names whom the token is for."""
    aud = jwt_access_token(code_redeemed).claims.get("aud")
    assert aud, "aud is missing or empty"
    assert all(isinstance(one, str) for one in audiences(aud)), "aud has a member that is no string"


@requirement("RFC9068-2.2/sub")
def test_access_token_has_sub(code_redeemed: Trace) -> None:
    """The sub says on whose behalf the token works."""
    sub = jwt_access_token(code_redeemed).claims.get("sub")
    assert isinstance(sub, str), "sub is missing or no string"
    assert sub, "sub is empty"


@requirement("RFC9068-2.2/client-id")
def test_access_token_has_client_id(code_redeemed: Trace) -> None:
    """client_id is the client that asked."""
    client_id = jwt_access_token(code_redeemed).claims.get("client_id")
    wanted = sent_parameter(code_redeemed, "authorize", "client_id")
    assert client_id == wanted, "client_id is missing or another one"


@requirement("RFC9068-2.2/iat")
def test_access_token_has_iat(code_redeemed: Trace) -> None:
    """The iat is the time of the response."""
    token = jwt_access_token(code_redeemed)
    assert is_number(token.claims.get("iat")), "iat is missing or no number"
    off = token.number("iat") - token.exchange.started_at.timestamp()
    assert abs(off) <= SKEW_S, f"iat is {off:.0f} s off our clock"


@requirement("RFC9068-2.2/jti")
def test_access_token_has_a_jti_of_its_own(signed_in_twice: Trace) -> None:
    """The jti is a string, another one in each token."""
    first, second = (
        jwt_access_token(signed_in_twice, "tokens"),
        jwt_access_token(signed_in_twice, "tokens_again"),
    )
    for token in (first, second):
        assert isinstance(token.claims.get("jti"), str), "jti is missing or no string"
    same = first.claims["jti"] == second.claims["jti"]
    assert first.name == second.name or not same, "two tokens have the same jti"


@requirement("RFC9068-2.2/sub-is-resource-owner")
def test_sub_of_access_token_is_the_user(code_redeemed: Trace) -> None:
    """The sub is the user's, as in the ID Token."""
    sub = jwt_access_token(code_redeemed).claims.get("sub")
    assert sub == id_token(code_redeemed, "redeem").claims.get("sub"), "sub is another one"


@requirement("RFC9068-2.2.3/scope-claim")
def test_access_token_has_its_scope(code_redeemed: Trace) -> None:
    """The scope is what was granted."""
    scope = jwt_access_token(code_redeemed).claims.get("scope")
    assert isinstance(scope, str), "scope is missing or no string"
    granted = tokens_of(code_redeemed, "redeem").get("scope")
    granted = sent_parameter(code_redeemed, "authorize", "scope") if granted is None else granted
    assert set(scope.split()) == set(str(granted).split()), "scope is not what was granted"


@requirement("RFC9068-4/keys-and-issuer-published")
def test_access_token_can_be_verified_from_the_metadata(
    code_redeemed: Trace, metadata_documents: Trace
) -> None:
    """Metadata lead to the key, and name the issuer."""
    token, members = jwt_access_token(code_redeemed), metadata(metadata_documents)
    assert members.get("jwks_uri"), "the metadata has no jwks_uri"
    assert members.get("issuer") == token.claims.get("iss"), "iss is not the issuer"
    found = token.verified_by
    assert found is not None, "no published key verifies it"
    assert found["source"] == "jwks", "it is not a published key that verifies it"


@requirement("RFC9068-2.2.1/authentication-claims-stable")
def test_claims_of_the_login_stay_after_a_refresh(refreshed: Trace) -> None:
    """What a token says of the login stays the same in those that follow."""
    first, second = jwt_access_token(refreshed, "tokens"), jwt_access_token(refreshed, "refresh")
    names = [n for n in ("auth_time", "acr", "amr") if n in first.claims or n in second.claims]
    if not names:
        raise Unsuited("the access tokens say nothing of the login")
    changed = [name for name in names if first.claims.get(name) != second.claims.get(name)]
    assert not changed, f"{', '.join(changed)} changed"


@requirement("RFC9068-2.1/rs256-supported")
def test_rs256_is_there(code_redeemed: Trace, keys_document: Trace) -> None:
    """The token is signed with RS256, or a published key is one that could."""
    alg = jwt_access_token(code_redeemed).alg
    fitting = [
        key
        for key in published_keys(keys_document)
        if key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
    ]
    assert alg == "RS256" or fitting, f"alg is {alg[:20]}, and no published key is for RS256"


@requirement("RFC9068-2.2/sub-is-client")
def test_sub_of_a_clients_own_token_stands_for_the_client(
    client_credentials_answer: Trace, client_credentials_offline: Trace
) -> None:
    """Without a user sub is the client's: the same in each of its tokens."""
    first = jwt_access_token(client_credentials_answer, "tokens").claims.get("sub")
    second = jwt_access_token(client_credentials_offline, "control").claims.get("sub")
    assert isinstance(first, str), "sub is missing or no string"
    assert first == second, "two tokens of one client have another sub each"


@requirement("RFC9068-2.2.3.1/scim-attribute-names")
def test_groups_and_roles_have_their_names(code_redeemed: Trace) -> None:
    """What the token says of groups, roles and entitlements has the names of RFC 7643."""
    names = jwt_access_token(code_redeemed).claims.keys()
    alike = [name for name in names if ALIKE.search(name) and name not in SCIM]
    if not alike and not names & set(SCIM):
        raise Unsuited("the access tokens say nothing of groups, roles and entitlements")
    assert not alike, f"the claim is named {alike[0][:40]}"


@requirement("RFC9068-2.2.3.1/scim-encoding")
def test_groups_and_roles_are_lists(code_redeemed: Trace) -> None:
    """Groups, roles and entitlements are arrays of texts, or of objects with a value."""
    claims = jwt_access_token(code_redeemed).claims
    said = {name: claims[name] for name in SCIM if name in claims}
    if not said:
        raise Unsuited("the access tokens say nothing of groups, roles and entitlements")
    wrong = [name for name, value in said.items() if not _is_multi_valued(value)]
    assert not wrong, f"{', '.join(wrong)} is no array of values"


def _is_multi_valued(value: Any) -> bool:
    """Return whether a value has the form of a multi-valued attribute (RFC 7643 section 2.4)."""
    if not isinstance(value, list):
        return False
    return all(isinstance(one, str) or (isinstance(one, dict) and "value" in one) for one in value)
