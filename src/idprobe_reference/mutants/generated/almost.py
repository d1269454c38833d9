"""Mutants that take what is almost right, or trip over what is odd, as generated requests show."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import html
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request

from idprobe_reference.endpoints.token_management import Token
from idprobe_reference.mutants.authorization.pkce import PlainServer
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.authorization_request import Wish
from idprobe_reference.requests.client_authentication import Presented
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, RefreshToken

BLOCK = 4
CUT = 64
HIGH = 60_000


def nearly(value: str, known: str) -> bool:
    """Return whether two values differ by what is behind one of them, or by case."""
    longer, shorter = sorted((value, known), key=len, reverse=True)
    behind = longer.startswith(shorter) and len(longer) - len(shorter) <= BLOCK
    return behind or value.casefold() == known.casefold()


@mutant(breaks="RFC6750-5.2/token-integrity")
class AccessTokensAreComparedLoosely(ReferenceServer):
    """An access token is found without regard to case or to what is missing at its end."""

    def access_token_of(self, value: str) -> AccessToken | None:
        found = (one for one in self.access_tokens if nearly(value, one.value))
        return next((one for one in found if self.access_token_is_active(one)), None)


@mutant(breaks="RFC7662-4/signature-checked")
class TokensAreIntrospectedLoosely(ReferenceServer):
    """So are tokens that are introspected."""

    def find_token(self, value: str) -> Token | None:
        found = (one for one in self.access_tokens if nearly(value, one.value))
        return super().find_token(value) or next(found, None)


@mutant(breaks="RFC7009-2.1/token-belongs-to-client")
class TokensAreRevokedLoosely(ReferenceServer):
    """A token is revoked together with what is spelled like it."""

    def find_token(self, value: str) -> Token | None:
        found = (one for one in self.access_tokens if nearly(value, one.value))
        return super().find_token(value) or next(found, None)


@mutant(breaks="RFC6749-6/refresh-token-validated")
class RefreshTokensAreComparedLoosely(ReferenceServer):
    """So are refresh tokens that are traded."""

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        return next((one for one in self.refresh_tokens if nearly(value, one.value)), None)


@mutant(breaks="RFC6749-4.1.3/code-validated")
class CodesAreComparedLoosely(ReferenceServer):
    """So are codes."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        value = form.get("code", "")
        found = next((one for one in self.codes if nearly(value, one.value)), None)
        if found is not None and value:
            self.codes.put(value, found, found.expires_at)
        return await super().redeem_code(client, form)


@mutant(breaks="RFC7636-4.6/equal-values-continue")
class VerifiersWithTwoDashesAreRefused(ReferenceServer):
    """Two dashes are the beginning of a comment to somebody who guards a database."""

    def verifier_is_well_formed(self, verifier: str) -> bool:
        return super().verifier_is_well_formed(verifier) and "--" not in verifier


@mutant(breaks="RFC7636-4.1/verifier-syntax-enforced")
class VerifiersAreReadFromTheFront(ReferenceServer):
    """The form of a verifier is looked at where it begins, and no further."""

    def verifier_is_well_formed(self, verifier: str) -> bool:
        short = super().verifier_is_well_formed(verifier[:43])
        return short and verifier.isascii() and len(verifier) <= 128  # noqa: PLR2004 - section 4.1


@mutant(
    breaks="RFC7636-4.6/comparison-is-exact",
    also={"RFC7636-7.2/plain-not-used": "plain has to be on offer for that"},
)
class PlainVerifiersAreCut(PlainServer):
    """Of a challenge that is its verifier the first 64 characters are compared."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        if code.challenge_method != "plain" or verifier is None or code.challenge is None:
            return super().verify_pkce(code, verifier)
        formed = self.verifier_is_well_formed(verifier)
        return formed and verifier[:CUT] == code.challenge[:CUT]


@mutant(breaks="RFC6749-5.2/invalid-client")
class SecretsLoseWhiteSpace(ReferenceServer):
    """White space around a secret does not count."""

    def secret_matches(self, client: ClientConfig, secret: str) -> bool:
        return super().secret_matches(client, secret.strip())


@mutant(breaks="RFC6749-5.2/invalid-client")
class ClientIdsAreTrimmed(ReferenceServer):
    """Nor does it around a client_id, whose case is all the same."""

    def presented_credentials(self, request: Request, form: Form) -> Presented:
        found = super().presented_credentials(request, form)
        plain = (found.client_id or "").strip().lower()
        named = next((one for one in self.clients if one.lower() == plain), found.client_id)
        return Presented(found.method, named, found.secret, found.assertion)


@mutant(breaks="RFC9110-11.1/scheme-case-insensitive")
class BearerIsReadInThreeSpellings(ReferenceServer):
    """Bearer is known in small letters, in capitals, and as it is written in the RFC."""

    async def bearer_value(self, request: Request) -> str:
        scheme = request.headers.get("authorization", "").partition(" ")[0]
        known = scheme in {"", "Bearer", "bearer", "BEARER"}
        return await super().bearer_value(request) if known else "unknown"


@mutant(breaks="RFC6750-3.1/invalid-token-401")
class BearerTokensAreUnwrapped(ReferenceServer):
    """Quotation marks, brackets and commas around a token are taken away."""

    async def bearer_value(self, request: Request) -> str:
        return (await super().bearer_value(request)).strip("\"'<>,; ")


@mutant(breaks="RFC6749-4.1.2/state-returned-unchanged")
class StatesAreUnescaped(ReferenceServer):
    """A state goes through a page, and comes back without the escapes that it had of its own."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        found = super().state_parameter(wish, is_error=is_error)
        return {name: html.unescape(value) for name, value in found.items()}


@mutant(breaks="RFC6749-4.1.2.1/state-returned-on-error")
class StatesOfErrorsAreDecodedAgain(ReferenceServer):
    """With an error a state is percent-decoded once more."""

    def state_parameter(self, wish: Wish, *, is_error: bool) -> dict[str, str]:
        found = super().state_parameter(wish, is_error=is_error)
        return {name: unquote(value) if is_error else value for name, value in found.items()}


@mutant(breaks=["OIDCC-2/nonce-echoed", "OIDCC-2/nonce-passed-through-unmodified"])
class NoncesLoseDoubledSigns(ReferenceServer):
    """Of two quotation marks, dots or spaces in a row a nonce keeps one."""

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        if code.nonce is not None:
            code.nonce = re.sub(r"(['\". /-])\1", r"\1", code.nonce)
        return await super().tokens_for_code(client, code, target)


@mutant(breaks="RFC6749-3.1.2.3/simple-string-comparison")
class RedirectUrisAreTidied(ReferenceServer):
    """The case of a scheme, slashes in a row and escaped ones at the end do not count."""

    def redirect_uri_matches(self, registered: str, given: str, client: ClientConfig) -> bool:
        scheme, colon, rest = given.partition(":")
        tidy = re.sub(r"(?<=[^/])/{2,}", "/", re.sub(r"(%2f|%23)$", "", rest[2:]))
        return super().redirect_uri_matches(
            registered, f"{scheme.lower()}{colon}{rest[:2]}{tidy}", client
        )


@mutant(breaks="RFC8252-7.3/any-loopback-port")
class HighPortsAreRefused(ReferenceServer):
    """A native app may listen at ports up to 60000."""

    def is_loopback(self, uri: str) -> bool:
        return super().is_loopback(uri) and (urlsplit(uri).port or 0) < HIGH
