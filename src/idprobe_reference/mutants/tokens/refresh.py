"""Mutants of refresh tokens."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import RefreshToken
from idprobe_reference.tokens.issuing import IdTokenContext


@mutant(
    breaks=[
        "RFC6749-10.4/abuse-detection-for-public-clients",
        "RFC9700-2.2.2/public-refresh-token-protected",
        "RFC9700-4.14.2/replay-detection-for-public-clients",
    ]
)
class RefreshTokensAreNotRotated(ReferenceServer):
    """A refresh token works again and again."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        return old


@mutant(breaks="RFC9700-4.14.2/replay-detection-for-public-clients")
class ReuseLeavesFamily(ReferenceServer):
    """A reused refresh token is refused, and its successor lives on."""

    def refresh_token_was_reused(self, token: RefreshToken) -> None:
        pass


@mutant(
    breaks=[
        "RFC6749-6/scope-not-widened",
        "RFC9700-4.14.2/bound-to-consented-scope-and-resources",
    ]
)
class RefreshWidensScope(ReferenceServer):
    """A refresh gets the scope that it asks for."""

    def scope_for_refresh(self, requested: str | None, granted: frozenset[str]) -> frozenset[str]:
        return granted if requested is None else frozenset(requested.split())


@mutant(
    breaks=["RFC6749-6/scope-omitted-means-original", "RFC6749-6/new-refresh-token-scope-identical"]
)
class RefreshWithoutScopeNarrows(ReferenceServer):
    """A refresh without scope gets a part of what was granted."""

    def scope_for_refresh(self, requested: str | None, granted: frozenset[str]) -> frozenset[str]:
        if requested is None:
            return frozenset(sorted(granted)[:1])
        return super().scope_for_refresh(requested, granted)


@mutant(
    breaks=[
        "RFC6749-6/refresh-token-issued-to-client",
        "RFC6749-10.4/refresh-token-bound-to-client",
        "RFC6749-10.4/binding-verified",
        "OIDCC-12.1/refresh-token-bound-to-client",
    ]
)
class RefreshTokensOfOthersAreTaken(ReferenceServer):
    """A refresh token works for every client."""

    def refresh_token_belongs_to(self, token: RefreshToken, client: ClientConfig) -> bool:
        del token, client
        return True


@mutant(breaks="RFC6749-4.4.3/no-refresh-token")
class ClientCredentialsBringRefreshToken(ReferenceServer):
    """Client credentials bring a refresh token though nobody documented it."""

    def issue_refresh_token_for_client_credentials(self) -> bool:
        return True


@mutant(breaks="contract/client_credentials_issues_refresh_token", profile="speakup")
class ClientCredentialsBringNoRefreshToken(ReferenceServer):
    """Client credentials bring no refresh token though the documentation promises it."""

    def issue_refresh_token_for_client_credentials(self) -> bool:
        return False


@mutant(breaks=["OIDCC-12.2/no-nonce", "OIDCC-12.2/nonce-unchanged-if-present"])
class RefreshInventsNonce(ReferenceServer):
    """A refreshed ID token has a nonce that nobody sent."""

    def id_token_context_for_refresh(self, access_token: str) -> IdTokenContext:
        return IdTokenContext(nonce="invented", access_token=access_token)


@mutant(breaks="RFC9700-4.14.2/expire-when-unused")
class RefreshTokensDoNotExpire(ReferenceServer):
    """A refresh token works until it is used."""

    def remember_refresh_token(self, token: RefreshToken) -> None:
        token.expires_at = 1 << 40
        super().remember_refresh_token(token)


@mutant(
    breaks=["RFC6749-6/scope-not-widened", "RFC9700-4.14.2/bound-to-consented-scope-and-resources"]
)
class CodesLendTheirScope(ReferenceServer):
    """A code that comes with a refresh token adds its scope."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        old = self.find_refresh_token(form.get("refresh_token", ""))
        code = self.codes.get(form.get("code", ""))
        if old is not None and code is not None:
            old.scope |= code.grant.scope
        return await super().refresh(client, form)
