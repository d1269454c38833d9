"""Token responses checked at full speed: read strictly once, then compared octet by octet.

Most servers send the same object with another token in it. What differs in more than the token is
read strictly, as the first one was.
"""

from collections.abc import Callable
from typing import Final

from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.responses import RawResponse, ResponseHead
from idprobe.load.tokens.owners import Owner
from idprobe.model.profile import Provider

__all__ = ["TokenResponseTemplate", "UnchangedResponse"]

TOKEN_OCTETS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
"""b64token (RFC 6750 section 2.1): what a bearer token may consist of, and needs no escape."""


DOT: Final = b"."
"""A token with dots may be a JWT, whose claims are looked at."""


class TokenResponseTemplate:
    """The token responses of one client: what stays the same in them, and whose tokens they are."""

    def __init__(self, context: LoadContext, provider: Provider) -> None:
        self._before = self._after = b""
        self._head: ResponseHead | None = None
        self._least = 0
        self._provider: Final = provider
        self._findings: Final = context.findings
        self._owner = Owner.of(provider)
        self.expires_in: int | None = None
        """What the last answer said; one that differs in the token alone said the same."""

    def check(self, answer: RawResponse) -> bytes:
        """Return the access token of an answer; raises EvidenceError unless all is as it should."""
        body = answer.body
        if (
            answer.head is self._head
            and len(body) > self._least
            and body.startswith(self._before)
            and body.endswith(self._after)
            and not (token := body[len(self._before) : -len(self._after)]).translate(
                None, TOKEN_OCTETS
            )
            and DOT not in token
        ):
            self._findings.token_responses += 1
            self._findings.issued(token, self._owner)
            return token
        return self._learn(answer)

    def _learn(self, answer: RawResponse) -> bytes:
        tokens = self._findings.tokens(answer, self._provider, grant="client_credentials")
        token = tokens.access_token.encode("utf-8")
        self.expires_in, self._head = tokens.expires_in, None
        before, found, after = answer.body.partition(token)
        if found and after and token not in after and not token.translate(None, TOKEN_OCTETS):
            self._before, self._after, self._head = before, after, answer.head
            self._owner = Owner.of(self._provider, tokens.scope)
            self._least = len(before) + len(after)
        return token


class UnchangedResponse:
    """Answers that never change: each is compared with the last good one that was read whole."""

    __slots__ = ("_body", "_head", "_is_good")

    def __init__(self, is_good: Callable[[RawResponse], bool]) -> None:
        self._is_good: Final = is_good
        self._body: bytes | None = None
        self._head: ResponseHead | None = None

    def check(self, answer: RawResponse) -> bool:
        """Return whether the answer is good; what reads it may raise EvidenceError."""
        if answer.head is self._head and answer.body == self._body:
            return True
        if not self._is_good(answer):
            return False
        self._head, self._body = answer.head, answer.body
        return True
