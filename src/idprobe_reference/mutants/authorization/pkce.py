"""Mutants of PKCE that need a server which offers plain, or which computes in its own way."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import json

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import Code


def readable_code(challenge: str, secret: str) -> str:
    """Return a code in the form of a JWT that shows the challenge."""
    parts = ({"alg": "HS256"}, {"challenge": challenge})
    encoded = (base64.urlsafe_b64encode(json.dumps(one).encode()) for one in parts)
    return ".".join([*(one.rstrip(b"=").decode() for one in encoded), secret])


class PlainServer(ReferenceServer):
    """Offers plain besides S256: no mutant itself, as RFC 7636 allows it."""

    def challenge_methods(self) -> list[str]:
        return ["S256", "plain"]

    def accepted_challenge_methods(self) -> frozenset[str]:
        return frozenset({"S256", "plain"})


@mutant(
    breaks=["RFC7636-4.6/plain-compared-directly", "RFC7636-7.2/plain-not-used"],
    also={"RFC7636-4.3/method-defaults-to-plain": "what is plain by default fits anything too"},
)
class PlainIsNotCompared(PlainServer):
    """plain is offered, and any verifier fits a plain challenge."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        if code.challenge_method == "plain":
            return verifier is not None
        return super().verify_pkce(code, verifier)


@mutant(
    breaks=[
        "RFC7636-7.2/plain-challenge-inside-code-encrypted",
        "RFC7636-7.2/plain-not-used",
    ],
)
class CodeTellsItsChallenge(PlainServer):
    """plain is offered, and a code is a token in which its challenge can be read."""

    def code_value(self, wish: Wish) -> str:
        return readable_code(wish.challenge or "", super().code_value(wish))


@mutant(
    breaks=[
        "RFC7636-4.2/s256-implemented",
        "RFC7636-4.2/s256-test-vector",
        "RFC7636-4.6/equal-values-continue",
    ],
    also={"RFC7636-4.5/method-of-the-code-used": "no verifier fits"},
)
class S256IsPadded(ReferenceServer):
    """The S256 challenge is expected with its padding."""

    def challenge_of(self, verifier: str, method: str) -> str:
        challenge = super().challenge_of(verifier, method)
        return f"{challenge}=" if method == "S256" else challenge


@mutant(breaks="RFC7636-5/clients-without-pkce", profile="speakup")
class CodesWithoutChallengeAreDead(ReferenceServer):
    """A code without a challenge is issued and cannot be redeemed."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        return code.challenge is not None and super().verify_pkce(code, verifier)


@mutant(
    breaks=[
        "RFC7636-4.4.1/pkce-required-explained",
        "RFC7636-4.4.1/unsupported-method-explained",
    ]
)
class ErrorsExplainNothing(ReferenceServer):
    """Every error is described by the same word."""

    def authorization_error(self, fault: AuthorizationFault) -> dict[str, str]:
        return super().authorization_error(AuthorizationFault(fault.code, "refused"))


@mutant(breaks="RFC7636-4.4/challenge-not-exposed")
class ResponseTellsTheChallenge(ReferenceServer):
    """The authorization response repeats the code challenge."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        parameters = super().state_parameter(wish, is_error=is_error)
        return {**parameters, "code_challenge": wish.challenge or ""}
