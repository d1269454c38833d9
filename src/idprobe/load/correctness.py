"""What makes a server wrong when it is busy: answers that nobody should get, however fast.

A finding is more than a failed iteration: the server did what it must never do.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.exchange import Response
from idprobe.flows import Tokens
from idprobe.jose import read_jwt
from idprobe.load.answers import Answer
from idprobe.profile import Provider

__all__ = ["Findings", "Owner", "WrongAnswer"]

JSON: Final = "application/json"
GENERATION: Final = 200_000
"""So many tokens are remembered twice over; older ones are forgotten."""
SHEDDING: Final = frozenset({429, 503})
REGISTERED: Final = frozenset({400, 401})
"""The statuses of RFC 6749 section 5.2."""
GATEWAY: Final = frozenset({502, 504})
"""What somebody between us and the server says of it."""
PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
FRESH: Final = "load.fresh_tokens"


class WrongAnswer(EvidenceError):
    """An answer that is wrong in itself, not only slow or refused."""


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a token is: a client, its user if there is one, and the scope."""

    client_id: str
    username: str = ""
    scope: str = ""

    @classmethod
    def of(cls, provider: Provider, scope: str | None = None) -> "Owner":
        """Return the owner of what is issued to a provider's client and user."""
        user = provider.user.username if provider.user is not None else ""
        return cls(provider.client.client_id, user, " ".join(sorted((scope or "").split())))


@dataclass(slots=True, eq=False)
class Findings:
    """What was found wrong, by kind, and what has to be remembered to see it."""

    fresh: bool = False
    """Whether the profile promises a new token for each request."""
    kinds: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    _young: dict[int, Owner] = field(default_factory=dict)
    _old: dict[int, Owner] = field(default_factory=dict)
    _subjects: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _users: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def wrong(self, what: str) -> WrongAnswer:
        """Count a finding and return the error to raise."""
        self.kinds[what] += 1
        return WrongAnswer(what)

    def issued(self, token: bytes, owner: Owner) -> None:
        """Remember whose a token is; raises WrongAnswer if it was somebody else's."""
        self.checked += 1
        key = hash(token)
        before = self._young.get(key) or self._old.get(key)
        if before is None:
            if len(self._young) >= GENERATION:
                self._old, self._young = self._young, {}
            self._young[key] = owner
        elif before.client_id != owner.client_id:
            raise self.wrong("one access token was issued to two clients")
        elif before.username != owner.username:
            raise self.wrong("one access token was issued for two users")
        elif before.scope != owner.scope:
            raise self.wrong("one access token was issued for two scopes")
        elif self.fresh:
            raise self.wrong(f"one access token was issued twice, against {FRESH}")

    def tokens(self, answer: Answer | Response, provider: Provider) -> Tokens:
        """Return the tokens of an answer, all of it checked; raises EvidenceError."""
        response = answer.response() if isinstance(answer, Answer) else answer
        if response.status != 200:  # noqa: PLR2004 -- the status of success (RFC 6749 section 5.1)
            self._refusal(response)
        tokens = Tokens.from_response(response)
        if response.media_type != JSON:
            raise self.wrong("a token response was not application/json (RFC 6749 section 5.1)")
        if not tokens.token_type:
            raise self.wrong("a token response had no token_type (RFC 6749 section 5.1)")
        return self.tokens_of(tokens, provider)

    def tokens_of(self, tokens: Tokens, provider: Provider) -> Tokens:
        """Return tokens that were read, checked for whom they are; raises WrongAnswer."""
        self.issued(tokens.access_token.encode(), Owner.of(provider, tokens.scope))
        self._claims(tokens.access_token, provider, is_id_token=False)
        if tokens.id_token is not None:
            self._claims(tokens.id_token, provider, is_id_token=True)
        return tokens

    def nonce(self, id_token: str | None, nonce: str) -> None:
        """Compare an ID Token's nonce with the one sent; raises WrongAnswer if it is another's."""
        if id_token is None or id_token.count(".") != 2:  # noqa: PLR2004 -- the dots of a JWT
            return
        if read_jwt(id_token).claims.get("nonce") != nonce:
            raise self.wrong("an ID Token had the nonce of another request")

    def subject(self, sub: Any, provider: Provider, where: str = "openid") -> None:
        """Compare a subject with what this user's was; raises WrongAnswer if it is another's.

        ID Tokens and userinfo have one subject for a user; access tokens may have one of their own.
        """
        if not isinstance(sub, str) or provider.user is None:
            return
        client, user = provider.client.client_id, provider.user.username
        if self._subjects.setdefault((where, client, user), sub) != sub:
            raise self.wrong("a user was given the subject of another")
        if self._users.setdefault((where, client, sub), user) != user:
            raise self.wrong("two users were given one subject")

    def _claims(self, token: str, provider: Provider, *, is_id_token: bool) -> None:
        """Check for whom a JWT says that it is; an opaque token says nothing."""
        if token.count(".") != 2:  # noqa: PLR2004 -- the dots of a JWT (RFC 7515 section 7.1)
            return
        try:
            claims = read_jwt(token).claims
        except EvidenceError:
            return
        client_id = provider.client.client_id
        if is_id_token:
            audience = claims.get("aud")
            if client_id not in (audience if isinstance(audience, list) else [audience]):
                raise self.wrong("an ID Token was for another client (aud)")
        elif claims.get("client_id", client_id) != client_id:
            raise self.wrong("an access token was another client's (client_id)")
        self.subject(claims.get("sub"), provider, "openid" if is_id_token else "access")

    def _refusal(self, response: Response) -> None:
        """Look at a refusal: it has to say in the registered form what it is."""
        if response.status in SHEDDING:
            if response.header("retry-after") is None:
                self.warnings[f"status {response.status} without Retry-After"] += 1
            return
        if response.error is not None:
            return
        status, kind = response.status, response.media_type or "no media type"
        if status in REGISTERED:
            raise self.wrong(
                f"status {status} with {kind} at the token endpoint, where RFC 6749 section 5.2 "
                f"has an error in JSON"
            )
        if kind in PAGES and status >= 500 and status not in GATEWAY:  # noqa: PLR2004 -- server errors
            raise self.wrong(
                f"status {status} with {kind} at the token endpoint: a page for a client that "
                f"asked for JSON"
            )
        self.warnings[f"status {status} with {kind} at the token endpoint"] += 1
