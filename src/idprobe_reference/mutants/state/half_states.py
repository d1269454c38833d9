"""Mutants whose states are wrong for a while, for some, or in part."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import asyncio
import base64
import json
from typing import Any

from idprobe_reference.faults import AuthorizationFault
from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, Grant, RefreshToken

WINDOW_S = 20
A_MOMENT_S = 0.2


@mutant(
    breaks=[
        "RFC6749-4.1.2/code-single-use",
        "OIDCC-3.1.3.2/code-single-use",
        "RFC9700-4.2.4/code-invalid-after-first-use",
        "RFC6749-10.5/code-reuse-revokes-access-tokens",
        "RFC6749-10.5/code-single-use-under-concurrency",
        "RFC6749-4.1.2/code-replay-revokes-tokens",
        "RFC9700-4.2.4/replay-revokes-tokens",
    ]
)
class CodesLastAWhile(ReferenceServer):
    """A used code works again until it expires, as if every replay were a retry."""

    def code_is_usable(self, code: Code) -> bool:
        return self.code_is_fresh(code) and not code.grant.revoked


@mutant(
    breaks=[
        "RFC9700-4.14.2/replay-detection-for-public-clients",
        "RFC6749-10.4/abuse-detection-for-public-clients",
        "RFC7662-2.2/expired-or-revoked-token-inactive",
        "RFC9700-2.2.2/public-refresh-token-protected",
    ]
)
class RefreshTokensHaveAGrace(ReferenceServer):
    """A refresh token that was used works again for some seconds, and nothing is revoked."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        graced = self.clock() < token.issued_at + WINDOW_S and not token.grant.revoked
        return graced or super().refresh_token_is_usable(token)


@mutant(breaks="RFC9700-4.14.2/replay-detection-for-public-clients")
class ReuseSpendsOneTokenOnly(ReferenceServer):
    """A refresh token that comes twice is refused, and its family lives on."""

    def refresh_token_was_reused(self, token: RefreshToken) -> None:
        token.used = True


@mutant(breaks="RFC7009-2.1/cascade-from-refresh-token")
class RevocationSparesAccessTokens(ReferenceServer):
    """To revoke a refresh token leaves its access tokens alive until they expire."""

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        token.used = True


@mutant(
    breaks=[
        "RFC7009-2.1/immediate",
        "RFC7009-2.2.1/unsupported-token-type",
        "RFC7009-2/access-token-revocation",
        "RFC7662-2.2/expired-or-revoked-token-inactive",
        "RFC7662-4/revocation-checked",
    ]
)
class RevocationWaitsForExpiry(ReferenceServer):
    """A revoked access token works until it expires."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        return not token.grant.revoked and self.clock() < token.expires_at


@mutant(
    breaks=[
        "RFC6749-4.1.2/code-replay-revokes-tokens",
        "RFC6749-10.5/code-reuse-revokes-access-tokens",
        "RFC9700-4.2.4/replay-revokes-tokens",
    ]
)
class ReplayRevokesRefreshTokensOnly(ReferenceServer):
    """A replayed code ends the refresh tokens that it brought, and no access token."""

    def code_was_replayed(self, code: Code) -> None:
        for token in self.refresh_tokens:
            if token.grant is code.grant:
                token.used = True


@mutant(breaks="RFC6749-10.5/code-single-use-under-concurrency", medium="socket")
class CodesAreSpentTooLate(ReferenceServer):
    """A code counts as used once its tokens are made, and those take a moment."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        code = self.codes.get(form.get("code", ""))
        fresh = code is not None and not code.used
        await asyncio.sleep(A_MOMENT_S)
        if code is not None and fresh and not code.grant.revoked:
            code.used = False
        return await super().redeem_code(client, form)


@mutant(
    breaks=[
        "RFC6749-4.1.2/code-replay-revokes-tokens",
        "RFC6749-10.5/code-reuse-revokes-access-tokens",
        "RFC9700-4.2.4/replay-revokes-tokens",
        "RFC7009-2.1/cascade-from-refresh-token",
        "RFC9700-4.14.2/replay-detection-for-public-clients",
        "RFC7009-2.1/immediate",
        "RFC7009-2/refresh-token-revocation",
    ]
)
class FamiliesAreNeverRevoked(ReferenceServer):
    """Whatever ends a family of tokens ends nothing."""

    def revoke_family(self, grant: Grant) -> None:
        del grant


@mutant(breaks="OAUTH2-RT-4/none-not-combined")
class NoneBesideOthersIsDenied(ReferenceServer):
    """A request for none and for something else is refused as if the person had said no."""

    def check_response_type(self, client: ClientConfig, form: Form) -> None:
        words = set(form.get("response_type", "").split())
        if "none" in words and len(words) > 1:
            raise AuthorizationFault("access_denied", "nothing and something")
        super().check_response_type(client, form)


@mutant(breaks="RFC6749-4.1.2.1/invalid-scope")
class BadScopesAreBadRequests(ReferenceServer):
    """A scope with a quote in it is called invalid_request."""

    def authorized_scope(
        self,
        client: ClientConfig,
        requested: str | None,
        types: frozenset[str],
        prompts: frozenset[str],
    ) -> tuple[str, ...]:
        if requested is not None and '"' in requested:
            raise AuthorizationFault("invalid_request", "the scope has a quote")
        return super().authorized_scope(client, requested, types, prompts)


@mutant(breaks=["RFC6749-8.4/response-type-names", "RFC6749-A.3/response-type-syntax"])
class ResponseTypesHaveDashes(ReferenceServer):
    """The metadata list a response type whose name has a dash."""

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        return {**found, "response_types_supported": [*found["response_types_supported"], "x-y"]}


@mutant(breaks="RFC7515-4/unknown-headers-ignored")
class StrangeHeadersAreRefused(ReferenceServer):
    """An assertion whose header has a member that nobody knows is refused."""

    def verified_assertion(self, client: ClientConfig, assertion: str) -> dict[str, Any] | None:
        known = {"alg", "typ", "kid", "crit", "jwk", "jku", "x5c", "x5u", "x5t", "cty"}
        if set(self.header_of(assertion)) - known:
            return None
        return super().verified_assertion(client, assertion)

    def header_of(self, assertion: str) -> dict[str, Any]:
        try:
            found = json.loads(base64.urlsafe_b64decode(assertion.partition(".")[0] + "=="))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
