"""Mutants whose memory goes wrong: each is right until a certain order of requests has come."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idprobe_reference.endpoints.token_management import Token
from idprobe_reference.faults import OAuthFault
from idprobe_reference.mutants.registry import mutant as any_mutant
from idprobe_reference.requests.forms import Form
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, Grant, RefreshToken

ONCE = "RFC6749-4.1.2/code-single-use"
REPLAY = "RFC6749-4.1.2/code-replay-revokes-tokens"
IMMEDIATE = "RFC7009-2.1/immediate"
REVOKED = "RFC7009-2/refresh-token-revocation"
CASCADE = "RFC7009-2.1/cascade-from-refresh-token"
INTROSPECTED = "RFC7662-4/revocation-checked"
ROTATED = "RFC9700-2.2.2/public-refresh-token-protected"
EXPIRED = "RFC7662-4/expiry-checked"
SERVED = "RFC6749-7/token-validated-at-own-resource"
FAMILY = "RFC9700-4.14.2/replay-detection-for-public-clients"

LONG_S = 600


def mutant(
    breaks: str | Sequence[str], *, also: Mapping[str, str] | None = None, alone: bool = False
) -> Callable[[type[ReferenceServer]], type[ReferenceServer]]:
    """Declare a mutant that no plain check finds, since it has to be told a story first."""
    return any_mutant(breaks, also=also, by_search=True, alone=alone)


class _Generations(ReferenceServer):
    """A server that can tell which tokens of a grant are old."""

    def refresh_tokens_of(self, grant: Grant) -> list[RefreshToken]:
        return [one for one in self.refresh_tokens if one.grant is grant]

    def access_tokens_of(self, grant: Grant) -> list[AccessToken]:
        return [one for one in self.access_tokens if one.grant is grant]

    def was_refreshed(self, grant: Grant) -> bool:
        return any(one.used for one in self.refresh_tokens_of(grant))

    def prolong(self, token: AccessToken) -> None:
        """Let an access token live on for long."""
        token.expires_at = self.now() + LONG_S
        self.access_tokens.put(token.value, token, token.expires_at + 1)

    def age(self, token: RefreshToken) -> int:
        """Return how many refresh tokens of the family came after this one."""
        family = self.refresh_tokens_of(token.grant)
        return len(family) - 1 - family.index(token)


@mutant(breaks=ONCE)
class CodesComeBackWithRevocation(_Generations):
    """A code whose access token was revoked works again."""

    def code_is_usable(self, code: Code) -> bool:
        if self.grant_is_active(code.grant) and any(
            one.revoked for one in self.access_tokens_of(code.grant)
        ):
            return True
        return super().code_is_usable(code)


@mutant(
    breaks=[
        "RFC6749-4.1.3/code-issued-to-authenticated-client",
        "RFC6749-4.1.3/code-issued-to-public-client-id",
        "RFC6749-10.5/code-client-match",
    ]
)
class RefreshedCodesAreForAll(_Generations):
    """A code whose grant was refreshed is taken from every client."""

    def code_belongs_to(self, code: Code, client: ClientConfig) -> bool:
        if super().code_belongs_to(code, client):
            return True
        code.used = code.used and not self.was_refreshed(code.grant)
        return self.was_refreshed(code.grant)


@mutant(breaks=["RFC6749-6/refresh-token-issued-to-client", "RFC6749-10.4/binding-verified"])
class ThievesAreRefusedOnce(ReferenceServer):
    """A refresh token that another client has tried in vain works for it the second time."""

    def refresh_token_belongs_to(self, token: RefreshToken, client: ClientConfig) -> bool:
        tried = self.__dict__.setdefault("tried", set())
        if super().refresh_token_belongs_to(token, client) or token.value in tried:
            return True
        tried.add(token.value)
        return False


@mutant(breaks=IMMEDIATE, also={INTROSPECTED: "introspection has not heard of it"})
class RefreshedAccessTokensCannotBeRevoked(_Generations):
    """Revoking an access token that a refresh brought has no effect until it expires."""

    def revoke_access_token(self, token: AccessToken) -> None:
        if self.access_tokens_of(token.grant)[0] is token:
            super().revoke_access_token(token)


@mutant(
    breaks=REVOKED,
    also={
        CASCADE: "access tokens live on as well",
        INTROSPECTED: "introspection has not heard of it",
    },
)
class OnlyFirstRefreshTokensAreRevoked(_Generations):
    """Revoking a refresh token has an effect only on one that came with a code."""

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        if self.refresh_tokens_of(token.grant)[0] is token:
            super().revoke_refresh_token(token)


@mutant(breaks=CASCADE)
class CascadeForgetsOlderGenerations(_Generations):
    """With a refresh token ends the newest access token alone."""

    def revoke_refresh_token(self, token: RefreshToken) -> None:
        self.access_tokens_of(token.grant)[-1].revoked = True
        for one in self.refresh_tokens_of(token.grant):
            one.expires_at = 0


@mutant(breaks=FAMILY)
class ReuseOfLaterGenerationsIsForgiven(_Generations):
    """Only the reuse of a family's first refresh token ends the family."""

    def refresh_token_was_reused(self, token: RefreshToken) -> None:
        if self.refresh_tokens_of(token.grant)[0] is token:
            super().refresh_token_was_reused(token)


@mutant(breaks=ROTATED, also={FAMILY: "what is used again is not refused"})
class SecondGenerationIsGoodTwice(_Generations):
    """The second refresh token of a family works again once two others have come."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        is_second = self.refresh_tokens_of(token.grant).index(token) == 1
        if token.used and is_second and self.age(token) > 1 and self.grant_is_active(token.grant):
            return True
        return super().refresh_token_is_usable(token)


@mutant(breaks=REPLAY)
class ReplaySparesRefreshedTokens(_Generations):
    """A replayed code ends its own tokens, but not what they were traded for."""

    def code_was_replayed(self, code: Code) -> None:
        if not self.was_refreshed(code.grant):
            super().code_was_replayed(code)
        self.access_tokens_of(code.grant)[0].revoked = True


@mutant(breaks="RFC6749-6/scope-not-widened")
class NarrowingOpensTheScope(_Generations):
    """After a refresh with less scope the next one may ask for anything."""

    def scope_for_refresh(self, requested: str | None, granted: frozenset[str]) -> frozenset[str]:
        narrowed = self.__dict__.setdefault("narrowed", set())
        if requested is not None and granted in narrowed:
            return frozenset(requested.split())
        scope = super().scope_for_refresh(requested, granted)
        if scope < granted:
            narrowed.add(granted)
        return scope


@mutant(breaks="RFC6749-6/scope-not-widened")
class RefusedScopeIsKept(ReferenceServer):
    """A refresh for more is refused, and the next one without scope brings it."""

    async def refresh(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        try:
            return await super().refresh(client, form)
        except OAuthFault as fault:
            old = self.find_refresh_token(form.get("refresh_token", ""))
            if fault.code == "invalid_scope" and old is not None and "scope" in form:
                old.scope = frozenset(form["scope"].split())
            raise


@mutant(breaks="RFC6749-6/new-refresh-token-scope-identical")
class NarrowingTwiceStays(_Generations):
    """The second refresh with less scope narrows the refresh token itself."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        new = super().rotate_refresh_token(old)
        last = self.access_tokens_of(old.grant)[-2:]
        if len(last) > 1 and all(one.scope < old.scope for one in last):
            new.scope = last[-1].scope
        return new


@mutant(breaks=IMMEDIATE, also={INTROSPECTED: "introspection believes it"})
class RefreshRevivesAccessTokens(_Generations):
    """A refresh makes the revoked access tokens of its grant good again."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        for one in self.access_tokens_of(old.grant):
            one.revoked = False
        return super().rotate_refresh_token(old)


@mutant(
    breaks=REVOKED,
    also={
        CASCADE: "its access tokens revive as well",
        REPLAY: "what a replay ended revives as well",
        INTROSPECTED: "introspection believes it",
        IMMEDIATE: "a revoked grant revives",
    },
    alone=True,
)
class NewLoginsReviveOldGrants(ReferenceServer):
    """A new code of the same client makes its revoked grants good again."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().redeem_code(client, form)
        for one in self.refresh_tokens:
            if one.grant.client_id == client.client_id:
                one.grant.revoked = False
        return members


@mutant(breaks=IMMEDIATE, also={INTROSPECTED: "introspection believes it"})
class RevokingTwiceRevives(ReferenceServer):
    """Revoking an access token again makes it good again."""

    def revoke_access_token(self, token: AccessToken) -> None:
        token.revoked = not token.revoked


@mutant(breaks=INTROSPECTED)
class IntrospectionRemembersTheFirstAnswer(ReferenceServer):
    """What introspection has called active stays so."""

    def is_active(self, token: Token) -> bool:
        seen = self.__dict__.setdefault("seen", set())
        if super().is_active(token):
            seen.add(token.value)
        return token.value in seen


@mutant(
    breaks=SERVED,
    also={CASCADE: "userinfo takes what ended", REPLAY: "userinfo takes what ended"},
)
class UserinfoSparesRefreshedTokens(_Generations):
    """Userinfo takes the newest access token of a refreshed grant, though the grant has ended."""

    def access_token_of(self, value: str) -> AccessToken | None:
        token = self.access_tokens.get(value)
        if token is not None and not token.revoked and self.was_refreshed(token.grant):
            return token
        return super().access_token_of(value)


@mutant(breaks="RFC7009-2.1/token-belongs-to-client")
class OthersMayRevokeRefreshedTokens(_Generations):
    """Every client may revoke the tokens of a grant that was refreshed."""

    def check_revoker(self, client: ClientConfig, token: Token) -> None:
        if not self.was_refreshed(token.grant):
            super().check_revoker(client, token)


@mutant(breaks="RFC7636-4.6/mismatch-invalid-grant")
class VerifierIsComparedOnce(ReferenceServer):
    """After a wrong verifier none is asked for."""

    def verify_pkce(self, code: Code, verifier: str | None) -> bool:
        tried = self.__dict__.setdefault("tried", set())
        if code.value in tried or super().verify_pkce(code, verifier):
            return True
        tried.add(code.value)
        return False


@mutant(breaks=[SERVED, EXPIRED])
class RefreshRenewsOlderAccessTokens(_Generations):
    """With the new access token of a refresh the older ones of its grant live longer."""

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        for one in self.access_tokens_of(old.grant):
            self.prolong(one)
        return super().rotate_refresh_token(old)


@mutant(breaks=[SERVED, EXPIRED])
class ReplacedTokensAreGoodForTheNextLogin(_Generations):
    """A new code prolongs the access tokens of all grants of its client that were refreshed."""

    async def redeem_code(self, client: ClientConfig, form: Form) -> dict[str, Any]:
        members = await super().redeem_code(client, form)
        for one in list(self.access_tokens):
            if one.grant.client_id == client.client_id and self.was_refreshed(one.grant):
                self.prolong(one)
        return members


@mutant(breaks=EXPIRED)
class IntrospectionForgetsTheTimeOfRefreshedTokens(_Generations):
    """Introspection calls expired access tokens active if their grant was refreshed."""

    def remember_access_token(self, token: AccessToken) -> None:
        self.access_tokens.put(token.value, token, token.expires_at + LONG_S)

    def is_active(self, token: Token) -> bool:
        if super().is_active(token) or not isinstance(token, AccessToken) or token.revoked:
            return super().is_active(token)
        return self.was_refreshed(token.grant) and self.grant_is_active(token.grant)


@mutant("RFC6749-5.1/scope-told-if-different")
class NarrowedTokensAreIntrospectedWhole(ReferenceServer):
    """What introspection tells of a narrowed token is the scope of its grant."""

    def introspection(self, client: ClientConfig, token: Token | None) -> dict[str, Any]:
        members = super().introspection(client, token)
        if token is None or not members["active"]:
            return members
        return {**members, "scope": " ".join(sorted(token.grant.scope))}
