"""What the specifications say of the life of codes and tokens: one claim for each sentence."""

from enum import StrEnum
from typing import Final

__all__ = ["SECTIONS", "Claim"]


class Claim(StrEnum):
    """A sentence that every story has to keep."""

    CODE_ONCE = "a code is redeemed once"
    CODE_OF_CLIENT = "a code is redeemed by its own client alone"
    CODE_PROVEN = "a code with a challenge is redeemed with its verifier alone"
    REPLAY_ENDS = "what came of a code ends when the code is sent again"
    REFRESH_OF_CLIENT = "a refresh token is traded by its own client alone"
    SCOPE_BOUNDED = "a refresh brings no scope that was not granted"
    SCOPE_KEPT = "a refresh token keeps its scope"
    SCOPE_TOLD = "a token covers no more than the response told"
    ROTATED_ENDS = "a public client's refresh token ends when another replaces it"
    REUSE_ENDS = "a reused refresh token ends the refresh tokens of its family"
    REVOKED_REFRESH = "a revoked refresh token is dead"
    REVOKED_ACCESS = "a revoked access token is dead at once"
    CASCADE = "access tokens end with the refresh token of their grant"
    INTROSPECTED = "introspection knows what has ended"
    SERVED_DEAD = "a resource refuses what introspection calls inactive"
    EXPIRED_SERVED = "an access token that has expired opens nothing"
    EXPIRED_ACTIVE = "introspection knows what has expired"
    FOREIGN = "a client cannot revoke the token of another"
    REFRESH_WORKS = "a refresh token works until something ends it"
    ACCESS_WORKS = "an access token works until something ends it"


SECTIONS: Final = {
    Claim.CODE_ONCE: "RFC 6749 section 4.1.2",
    Claim.CODE_OF_CLIENT: "RFC 6749 section 4.1.3",
    Claim.CODE_PROVEN: "RFC 7636 section 4.6",
    Claim.REPLAY_ENDS: "RFC 6749 section 4.1.2",
    Claim.REFRESH_OF_CLIENT: "RFC 6749 section 6",
    Claim.SCOPE_BOUNDED: "RFC 6749 section 6",
    Claim.SCOPE_KEPT: "RFC 6749 section 6",
    Claim.SCOPE_TOLD: "RFC 6749 section 5.1",
    Claim.ROTATED_ENDS: "RFC 9700 section 4.14.2",
    Claim.REUSE_ENDS: "RFC 9700 section 4.14.2",
    Claim.REVOKED_REFRESH: "RFC 7009 section 2",
    Claim.REVOKED_ACCESS: "RFC 7009 section 2.1",
    Claim.CASCADE: "RFC 7009 section 2.1",
    Claim.INTROSPECTED: "RFC 7662 section 4",
    Claim.SERVED_DEAD: "RFC 6749 section 7",
    Claim.EXPIRED_SERVED: "RFC 6749 section 7",
    Claim.EXPIRED_ACTIVE: "RFC 7662 section 4",
    Claim.FOREIGN: "RFC 7009 section 2.1",
    Claim.REFRESH_WORKS: "the contract",
    Claim.ACCESS_WORKS: "the contract",
}
