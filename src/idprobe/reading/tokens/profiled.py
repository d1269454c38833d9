"""Access tokens in the JWT profile of RFC 9068, told from JWTs of other kinds."""

from typing import Final

from idprobe.errors import EvidenceError, Unsuited
from idprobe.model.trace import Trace
from idprobe.reading.tokens.issued import IssuedJwt, access_jwt, tokens_of

__all__ = ["JWT_ACCESS_TOKEN_TYPES", "jwt_access_token"]

JWT_ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})


def jwt_access_token(trace: Trace, step: str = "redeem") -> IssuedJwt:
    """Return the access token of a step; raises Unsuited unless it shows this profile.

    A JWT without the type of this profile counts if it has the claims that are its own: nothing
    else has both client_id and jti (section 2.2).
    """
    tokens_of(trace, step)
    try:
        found = access_jwt(trace, step)
    except EvidenceError:
        raise Unsuited("the access tokens are no JWTs that can be read") from None
    typed = str(found.header.get("typ")).lower() in JWT_ACCESS_TOKEN_TYPES
    if not typed and not {"client_id", "jti", "sub"} <= found.claims.keys():
        raise Unsuited("the access tokens are JWTs of another kind than RFC 9068")
    return found
