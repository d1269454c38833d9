"""Callers with a user behind them: logins, sessions, chains of refresh tokens, claims."""

import secrets
import time
from collections.abc import Iterator
from typing import ClassVar

from idprobe.client.cookies import Cookies
from idprobe.errors import EvidenceError, NoResponse
from idprobe.flows import (
    Authorized,
    Flow,
    Tokens,
    answer,
    authorize,
    redemption,
    refresh_request,
    userinfo_request,
)
from idprobe.formats.jose import read_jwt
from idprobe.load.callers.browser_flow import browser_flow
from idprobe.load.callers.caller import SAME_EACH_TIME, Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.encoded_requests import request_encoder
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.responses import RawResponse
from idprobe.load.tokens import rules
from idprobe.load.tokens.correctness import OFFLINE
from idprobe.load.tokens.lifetimes import TokenLifetime
from idprobe.load.tokens.response_templates import UnchangedResponse
from idprobe.model.exchange import Response
from idprobe.model.profile import Role

__all__ = [
    "AuthorizationCode",
    "AuthorizationCodeSession",
    "Implicit",
    "RefreshChain",
    "UserInfo",
]

PROMPT_S = 2.0
"""A refresh token of untold lifetime that is refused later than this may have come to its end."""
LOGIN_S = 300.0
"""No server ends all that a login allows sooner; a chain may come to such an end later."""
INVALID_GRANT = "invalid_grant"
"""What a server says of a refresh token that it does not take (RFC 6749 section 5.2)."""
CODE_S = 10.0
"""A code that is refused later than this after it was redeemed may have expired meanwhile."""


class EndUserCaller(Caller):
    """A user in front of a client that gets codes."""

    role = Role.WEB
    with_user = True
    offline: ClassVar[bool] = False
    """Whether it asks for offline access, which asks for consent each time."""

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self.cookies = Cookies()
        self.last: Authorized | None = None
        self._redeemed_at = 0.0

    @property
    def scope(self) -> str:
        """The scope of the client, without offline access where it is of no use."""
        scopes = self.provider.client.scopes
        return " ".join(one for one in scopes if self.offline or one != OFFLINE)

    def log_in(self, cookies: Cookies) -> LoadFlow:
        """Get tokens by a code, with the cookies of one browser."""
        with self.context.login(self.provider):
            return (yield from browser_flow(self._tokens(), self.context.profile, cookies))

    def _tokens(self) -> Flow[Tokens]:
        nonce, self.last = secrets.token_urlsafe(16), None
        authorized = yield from authorize(self.provider, scope=self.scope, nonce=nonce)
        response = yield from answer(redemption(self.provider, authorized))
        tokens = self.context.findings.tokens(
            response, self.provider, grant="authorization_code", scope=self.scope
        )
        # not before: what was never redeemed may work at the next try
        self.last, self._redeemed_at = authorized, time.monotonic()
        self.context.findings.nonce(tokens.id_token, nonce)
        return tokens

    def conclude(self) -> LoadFlow:
        """Try the last code once more: it has to be refused (RFC 6749 section 4.1.2)."""
        if self.last is None:
            return
        response = yield redemption(self.provider, self.last)
        findings = self.context.findings
        if _has_tokens(response):
            what = "an authorization code worked twice (RFC 6749 sections 4.1.2 and 10.5)"
            raise findings.wrong(rules.CODE_ONCE, what)
        refused = response.error is not None and 400 <= response.status < 429  # noqa: PLR2004 -- no 429
        if refused and time.monotonic() < self._redeemed_at + CODE_S:
            findings.checked[rules.CODE_ONCE] += 1


def _has_tokens(response: Response) -> bool:
    try:
        Tokens.from_response(response)
    except EvidenceError:
        return False
    return True


class AuthorizationCode(EndUserCaller):
    """A user who logs in and consents each time, in a browser that knows nobody."""

    def iterate(self) -> LoadFlow:
        """Log in, consent, redeem the code with PKCE."""
        yield from self.log_in(Cookies())


class AuthorizationCodeSession(EndUserCaller):
    """A user who is logged in, and gets code after code on that session."""

    prepares = True

    def prepare(self) -> LoadFlow:
        """Log in."""
        yield from self.log_in(self.cookies)

    def iterate(self) -> LoadFlow:
        """Get a code and redeem it."""
        yield from self.log_in(self.cookies)


class Implicit(Caller):
    """An application without a backend, whose user is logged in (RFC 6749 section 4.2)."""

    role = Role.IMPLICIT
    with_user = True
    prepares = True

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self._cookies = Cookies()
        types = self.provider.client.response_types
        self._type = next((one for one in types if "token" in one.split()), types[0])

    def prepare(self) -> LoadFlow:
        """Log in."""
        yield from self.iterate()

    def iterate(self) -> LoadFlow:
        """Get tokens that land in the browser."""
        with self.context.login(self.provider):
            landed = yield from browser_flow(self._landing(), self.context.profile, self._cookies)
        if landed.access_token is not None:
            tokens = Tokens(landed.access_token, id_token=landed.id_token)
            self.context.findings.tokens_of(tokens, self.provider)

    def _landing(self) -> Flow[Authorized]:
        nonce = secrets.token_urlsafe(16)
        scopes = (one for one in self.provider.client.scopes if one != OFFLINE)
        landed = yield from authorize(
            self.provider, response_type=self._type, scope=" ".join(scopes), nonce=nonce
        )
        self.context.findings.nonce(landed.id_token, nonce)
        return landed


class RefreshChain(EndUserCaller):
    """A user's application that keeps its own refresh token, and takes the new one each time."""

    prepares = True
    offline = True

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        method = self.provider.client.token_endpoint_auth_method
        self._ask = request_encoder(
            lambda token: refresh_request(self.provider, token),
            context.transport,
            fixed=method in SAME_EACH_TIME,
        )
        self._held: str | None = None
        self._lifetime = TokenLifetime(0.0, None)
        self._began_at = self._issued_at = self._linked_at = 0.0

    def prepare(self) -> LoadFlow:
        """Log in, and keep the refresh token."""
        asked_at = time.monotonic()
        tokens = yield from self.log_in(self.cookies)
        if tokens.refresh_token is None:
            raise EvidenceError(
                "the login brought no refresh token, which this scenario lives on: the client "
                "needs the grant, and maybe the scope offline_access"
            )
        self._began_at = asked_at
        self._keep(tokens.refresh_token, TokenLifetime(asked_at, tokens.refresh_expires_in))

    def iterate(self) -> LoadFlow:
        """Trade the refresh token; after a broken chain, log in anew first."""
        if self._held is None:
            yield from self.prepare()
        held, self._held = self._held or "", None
        asked_at = time.monotonic()
        try:
            answer = yield self._ask(held)
        except NoResponse:
            # it may have been used twice, which ends all of a grant (RFC 9700 section 4.14.2)
            self.context.disturbed(self.provider)
            raise
        if 400 <= answer.status < 500:  # noqa: PLR2004 -- the class of status codes itself
            self._refused(answer.response())
        tokens = self.context.findings.tokens(answer, self.provider, grant="refresh_token")
        self.context.findings.checked[rules.REFRESH_CHAIN] += 1
        if tokens.refresh_token in {None, held}:
            # not another one: it is as old as it was
            self._held, self._linked_at = held, time.monotonic()
        else:
            self._keep(
                tokens.refresh_token or "", TokenLifetime(asked_at, tokens.refresh_expires_in)
            )

    def held(self) -> Iterator[tuple[bytes, str]]:
        """Yield the refresh token."""
        if self._held is not None:
            yield self._held.encode(), self.provider.client.client_id

    def _keep(self, token: str, lifetime: TokenLifetime) -> None:
        self._held, self._lifetime = token, lifetime
        self._issued_at = self._linked_at = time.monotonic()

    def _refused(self, response: Response) -> None:
        """Judge the end of a chain: whether its refresh token had to live is seldom told.

        Raises WrongAnswer for one that broke, and EvidenceError for one that may have come to its
        end. Some servers allow a client one refresh token of each user.
        """
        if response.status != 400 and response.error != INVALID_GRANT:  # noqa: PLR2004 -- RFC 6749 section 5.2
            return
        findings, now = self.context.findings, time.monotonic()
        findings.refused(response)
        if self.context.logged_in_since(self.provider, self._linked_at):
            raise findings.mentioned("a chain of refresh tokens ended after a login of its user")
        match self._lifetime.holds(now):
            case True:
                what = "a chain of refresh tokens broke before the end that the server had told"
                raise findings.wrong(rules.REFRESH_CHAIN, what)
            case False:
                raise findings.mentioned("a chain of refresh tokens came to the end that was told")
            case None if now < min(self._issued_at + PROMPT_S, self._began_at + LOGIN_S):
                what = f"a chain of refresh tokens broke within {PROMPT_S:g} s of its last link"
                raise findings.wrong(rules.REFRESH_CHAIN, what)
            case None:
                what = (
                    f"a chain of refresh tokens ended later than {PROMPT_S:g} s after its last "
                    f"link, or {LOGIN_S:g} s after its login: it broke, or it came to an end that "
                    f"nobody told"
                )
                raise findings.undecided(rules.REFRESH_CHAIN, what)

    def conclude(self) -> LoadFlow:
        """Do nothing: what a code did twice would end the chain."""
        yield from ()


class UserInfo(EndUserCaller):
    """A client that asks who its user is (OpenID Connect Core 1.0, section 5.3)."""

    prepares = True

    def __init__(self, context: LoadContext, number: int) -> None:
        super().__init__(context, number)
        self._ask = request_encoder(
            lambda token: userinfo_request(self.provider, token), context.transport, fixed=True
        )
        self._held = ""
        self._lifetime = TokenLifetime(0.0, None)
        self._good_at = 0.0
        self._unchanged = UnchangedResponse(self._is_mine)

    def prepare(self) -> LoadFlow:
        """Log in, and keep the access token."""
        asked_at = time.monotonic()
        tokens = yield from self.log_in(self.cookies)
        self._held, self._lifetime = tokens.access_token, TokenLifetime(asked_at, tokens.expires_in)
        self._good_at = time.monotonic()

    def iterate(self) -> LoadFlow:
        """Ask once; after the token's end, log in and ask again. It has to be about this user."""
        findings = self.context.findings
        if self._held:
            asked_at = time.monotonic()
            if self._unchanged.check((yield self._ask(self._held))):
                self._good_at = asked_at
                findings.checked[rules.USERINFO] += 1
                return
            self._held = ""
            self.token_ended(rules.USERINFO, self._lifetime, self._good_at)
        yield from self.prepare()
        if not self._unchanged.check((yield self._ask(self._held))):
            self.token_ended(rules.USERINFO, self._lifetime, self._good_at)
            raise EvidenceError("wanted the user's claims for a fresh token, got status 401")
        findings.checked[rules.USERINFO] += 1

    def held(self) -> Iterator[tuple[bytes, str]]:
        """Yield the access token."""
        if self._held:
            yield self._held.encode(), self.provider.client.client_id

    def _is_mine(self, answer: RawResponse) -> bool:
        response = answer.response()
        if response.status == 401:  # noqa: PLR2004 -- a token that has ended (RFC 6750 section 3.1)
            return False
        if not response.is_success:
            raise EvidenceError(f"wanted the user's claims, got status {response.status}")
        if response.media_type == "application/jwt":
            claims = read_jwt(response.text.strip()).claims
        else:
            claims = response.json_object
        if not isinstance(claims.get("sub"), str):
            raise self.context.findings.wrong(rules.USERINFO, "an answer about a user had no sub")
        self.context.findings.subject(claims["sub"], self.provider, rules.USERINFO)
        return True

    def conclude(self) -> LoadFlow:
        """Do nothing: what a code did twice would end the token."""
        yield from ()
