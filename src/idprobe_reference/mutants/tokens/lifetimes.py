"""Mutants that do not let go, and those that break what the documentation promises."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from typing import Any

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, Grant

_LONG_S = 600


@mutant(breaks="RFC6749-4.1.2/code-expires")
class CodesOutliveTheirTime(ReferenceServer):
    """A code is good for ten minutes, whatever is documented."""

    def lifetime_s(self, kind: str, client_id: str) -> int:
        return _LONG_S if kind == "code" else super().lifetime_s(kind, client_id)


@mutant(breaks="RFC6749-4.1.2/code-single-use")
class UsedCodesAreForgotten(ReferenceServer):
    """A code that was redeemed can be redeemed again a second later."""

    def code_is_usable(self, code: Code) -> bool:
        left_s = code.expires_at - self.clock()
        lifetime_s = self.lifetime_s("code", code.grant.client_id)
        return super().code_is_usable(code) or left_s < lifetime_s - 1


@mutant(breaks="RFC9700-4.14.2/expire-when-unused")
class IdleRefreshTokensLiveOn(ReferenceServer):
    """A refresh token that nobody uses does not expire."""

    def lifetime_s(self, kind: str, client_id: str) -> int:
        return _LONG_S if kind == "refresh_token" else super().lifetime_s(kind, client_id)


@mutant(
    breaks=[
        "contract/access_token_refused_after_expiry",
        "RFC6749-5.1/expires-in-true",
        "RFC7662-4/expiry-checked",
        "RFC7662-2.2/expired-or-revoked-token-inactive",
    ],
    also={"RFC6749-7/token-validated-at-own-resource": "userinfo takes it as well, in stories"},
)
class AccessTokensOutliveTheirTime(ReferenceServer):
    """An access token works longer than expires_in says."""

    def lifetime_s(self, kind: str, client_id: str) -> int:
        usual = super().lifetime_s(kind, client_id)
        return usual + _LONG_S if kind == "access_token" else usual

    def expires_in(self, token: AccessToken) -> int:
        return super().expires_in(token) - _LONG_S


@mutant(breaks="OIDCC-3.1.2.2/expired-id-token-hint-accepted")
class ExpiredHintsAreErrors(ReferenceServer):
    """An id_token_hint past its exp is refused."""

    def claims_of_hint(self, hint: str) -> dict[str, object] | None:
        claims = super().claims_of_hint(hint)
        if claims is None or int(str(claims["exp"])) < self.now():
            return None
        return claims


@mutant(breaks="contract/scope_is_space_separated")
class ScopesArePartedByCommas(ReferenceServer):
    """Several scopes are parted by commas; with spaces only the first counts."""

    def scope_for_client_credentials(
        self, client: ClientConfig, requested: str | None
    ) -> frozenset[str]:
        first = None if requested is None else requested.partition(" ")[0]
        return super().scope_for_client_credentials(client, first)


@mutant(breaks="contract/client_credentials_without_user")
class ServicesActForUsers(ReferenceServer):
    """A token of client credentials belongs to the first user there is."""

    async def grant_client_credentials(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        scope = self.scope_for_client_credentials(client, form.get("scope"))
        grant = Grant(client.client_id, scope, next(iter(self.users.values())))
        token = await self.issue_access_token(grant, Target(scope))
        return self.token_response(token, None, None)
