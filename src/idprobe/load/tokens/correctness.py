"""What makes a server wrong when it is busy: answers that nobody should get, however fast.

A finding is more than a failed iteration: the server did what it must never do. Each is held
against a requirement (idprobe.load.tokens.rules), whose number of checks is counted with it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.flows import Tokens
from idprobe.formats.http_dates import http_date
from idprobe.formats.jose import read_jwt
from idprobe.load.engine.responses import RawResponse
from idprobe.load.tokens import rules
from idprobe.load.tokens.owners import Owner
from idprobe.load.tokens.token_sample import TokenSample
from idprobe.load.tokens.unrevoked import UnrevokedTokens
from idprobe.model.exchange import Response
from idprobe.model.profile import Provider

__all__ = ["OFFLINE", "Findings", "WrongAnswer"]

JSON: Final = "application/json"
GENERATION: Final = 200_000
"""So many tokens are remembered twice over; older ones are forgotten."""
SHEDDING: Final = frozenset({429, 503})
REGISTERED: Final = frozenset({400, 401})
"""The statuses of RFC 6749 section 5.2."""
GATEWAY: Final = frozenset({502, 504})
"""What somebody between us and the server says of it."""
PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
NAMED: Final = PAGES | {JSON, "application/problem+json", "text/plain", "text/xml"}
"""The media types that are shown: any other could be a secret, or new each time."""


OFFLINE: Final = "offline_access"
"""The scope of a refresh token that lives without a session (OpenID Connect Core 1.0, 11)."""

_Asked = tuple[str, str, str, str | None]
"""A request for tokens: its client, its user, its grant and its scope."""


class WrongAnswer(EvidenceError):
    """An answer that is wrong in itself, not only slow or refused."""


@dataclass(slots=True, eq=False)
class Findings:
    """What was found wrong, by kind, and what has to be remembered to see it."""

    fresh: bool = False
    """Whether the profile promises a new token for each request."""
    breaches: Counter[str] = field(default_factory=Counter)
    """What was wrong: a requirement, a space, and what it was."""
    warnings: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    """What may have been wrong and cannot be told: a requirement, a space, and what it was."""
    checked: Counter[str] = field(default_factory=Counter)
    """How many answers were held to a requirement, where that is not one of the figures below."""
    asked: Counter[str] = field(default_factory=Counter)
    """How many tokens were asked about when load was over, and how many the server told of."""
    tokens_seen: int = 0
    token_responses: int = 0
    token_sample: TokenSample = field(default_factory=TokenSample)
    unrevoked: UnrevokedTokens | None = None
    """The tokens to be given back when load is over, where they are."""
    _young: dict[int, Owner] = field(default_factory=dict)
    _old: dict[int, Owner] = field(default_factory=dict)
    _types: dict[_Asked, str] = field(default_factory=dict)
    _granted: dict[_Asked, frozenset[str]] = field(default_factory=dict)
    _subjects: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _users: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def kinds(self) -> Counter[str]:
        """What was found wrong, in words."""
        found: Counter[str] = Counter()
        for breach, times in self.breaches.items():
            found[breach.partition(" ")[2]] += times
        return found

    def wrong(self, rule: str, what: str) -> WrongAnswer:
        """Count a finding and return the error to raise."""
        self.breaches[f"{rule} {what}"] += 1
        return WrongAnswer(what)

    def undecided(self, rule: str, what: str) -> EvidenceError:
        """Count what is neither right nor wrong, as far as we know, and return the error."""
        self.doubts[f"{rule} {what}"] += 1
        return self.mentioned(what)

    def mentioned(self, what: str) -> EvidenceError:
        """Count what is allowed and worth a look, and return the error to raise."""
        self.warnings[what] += 1
        return EvidenceError(what)

    def issued(self, token: bytes, owner: Owner) -> None:
        """Remember whose a token is; raises WrongAnswer if it was somebody else's."""
        self.tokens_seen += 1
        if self.unrevoked is not None:
            self.unrevoked.keep_access(token, owner)
        if self.tokens_seen >= self.token_sample.due:
            self.token_sample.keep(self.tokens_seen, token, owner)
        key = hash(token)
        before = self._young.get(key) or self._old.get(key)
        if before is None:
            if len(self._young) >= GENERATION:
                self._old, self._young = self._young, {}
            self._young[key] = owner
        elif before.client_id != owner.client_id:
            raise self.wrong(rules.OF_ONE_CLIENT, "one access token was issued to two clients")
        elif before.username != owner.username:
            raise self.wrong(rules.OF_ONE_USER, "one access token was issued for two users")
        elif before.scope is not None and owner.scope not in (None, before.scope):
            raise self.wrong(rules.OF_ONE_USER, "one access token was issued for two scopes")
        elif self.fresh:
            raise self.wrong(rules.FRESH, "one access token was issued twice")

    def tokens(
        self,
        answer: RawResponse | Response,
        provider: Provider,
        *,
        grant: str = "",
        scope: str | None = None,
    ) -> Tokens:
        """Return the tokens of an answer, all of it checked; raises EvidenceError.

        `grant` and `scope` say what was asked for.
        """
        response = answer.response() if isinstance(answer, RawResponse) else answer
        if response.status != 200:  # noqa: PLR2004 -- the status of success (RFC 6749 section 5.1)
            self.refused(response)
        tokens = Tokens.from_response(response)
        self.token_responses += 1
        if response.media_type != JSON:
            what = "a token response was not application/json (RFC 6749 section 5.1)"
            raise self.wrong(rules.TOKEN_RESPONSE, what)
        if not tokens.token_type:
            what = "a token response had no token_type (RFC 6749 section 5.1)"
            raise self.wrong(rules.TOKEN_RESPONSE, what)
        if (tokens.expires_in is None or tokens.expires_in < 0) and not _tells_seconds(response):
            what = "a token response had an expires_in that is no number of seconds"
            raise self.wrong(rules.TOKEN_RESPONSE, what)
        owner = Owner.of(provider)
        self._compare(tokens, (owner.client_id, owner.username, grant, scope))
        return self.tokens_of(tokens, provider)

    def _compare(self, tokens: Tokens, asked: _Asked) -> None:
        """Compare an answer with the first to the same request; raises WrongAnswer if it differs.

        By policy a server may grant another scope than was asked for, but it has to say so
        (RFC 6749 sections 3.3 and 5.1); offline access hangs on consent (OpenID Connect Core 11).
        """
        kind = (tokens.token_type or "").lower()
        if self._types.setdefault(asked, kind) != kind:
            what = "a token response had another token_type than the first to the same request"
            raise self.wrong(rules.TOKEN_RESPONSE, what)
        said = asked[-1] if tokens.scope is None else tokens.scope
        if said is None:
            return
        granted = frozenset(said.split()) - {OFFLINE}
        if self._granted.setdefault(asked, granted) != granted:
            what = "a token response granted another scope than the first to the same request"
            raise self.wrong(rules.TOKEN_RESPONSE, what)

    def tokens_of(self, tokens: Tokens, provider: Provider) -> Tokens:
        """Return tokens that were read, checked for whom they are; raises WrongAnswer."""
        for token in (tokens.access_token, tokens.refresh_token, tokens.id_token):
            if token is not None and not _is_text(token):
                what = "a token had half a character (RFC 6749 appendices A.12 and A.17)"
                raise self.wrong(rules.TOKEN_RESPONSE, what)
        owner = Owner.of(provider, tokens.scope)
        if self.unrevoked is not None and tokens.refresh_token is not None:
            self.unrevoked.keep_refresh(tokens.refresh_token, owner)
        self.issued(tokens.access_token.encode(), owner)
        self._claims(tokens.access_token, provider, is_id_token=False)
        if tokens.id_token is not None:
            self._claims(tokens.id_token, provider, is_id_token=True)
        return tokens

    def refused(self, response: Response) -> None:
        """Look at a refusal, which has to be in the registered form; raises WrongAnswer if not."""
        self.checked[rules.NO_PAGE] += 1
        if response.status in SHEDDING:
            self._shed(response)
            return
        if response.status in REGISTERED:
            self.checked[rules.REFUSAL] += 1
        if response.error is not None:
            return
        status, kind = response.status, response.media_type or "no media type"
        if kind not in NAMED and response.media_type is not None:
            kind = "another media type"
        if status in REGISTERED:
            what = (
                f"status {status} with {kind} at the token endpoint, where RFC 6749 section 5.2 "
                f"has an error in JSON"
            )
            raise self.wrong(rules.REFUSAL, what)
        if kind in PAGES and status >= 500 and status not in GATEWAY:  # noqa: PLR2004 -- server errors
            what = (
                f"status {status} with {kind} at the token endpoint: a page for a client that "
                f"asked for JSON"
            )
            raise self.wrong(rules.NO_PAGE, what)
        self.warnings[f"status {status} with {kind} at the token endpoint"] += 1

    def nonce(self, id_token: str | None, nonce: str) -> None:
        """Compare an ID Token's nonce with the one sent; raises WrongAnswer if it is another's."""
        if id_token is None or id_token.count(".") != 2:  # noqa: PLR2004 -- the dots of a JWT
            return
        if read_jwt(id_token).claims.get("nonce") != nonce:
            raise self.wrong(rules.ID_TOKEN, "an ID Token had the nonce of another request")

    def subject(self, sub: Any, provider: Provider, rule: str) -> None:
        """Compare a subject with what this user's was; raises WrongAnswer if it is another's.

        ID Tokens and userinfo have one subject for a user; access tokens may have one of their own.
        """
        if not isinstance(sub, str) or provider.user is None:
            return
        where = "access" if rule == rules.OF_ONE_USER else "openid"
        client, user = provider.client.client_id, provider.user.username
        if self._subjects.setdefault((where, client, user), sub) != sub:
            raise self.wrong(rule, "a user was given the subject of another")
        self.told_apart(sub, Owner(client, user), rule, where)

    def told_apart(self, name: str, owner: Owner, rule: str, where: str) -> None:
        """Raise WrongAnswer if somebody else of the same client was known by this name."""
        user = owner.username
        if self._users.setdefault((where, owner.client_id, name), user) != user:
            raise self.wrong(rule, "two users were given one subject")

    def counted(self) -> Counter[str]:
        """Return how many answers were held to each requirement, as far as it could be seen."""
        owners = {*self._young.values(), *self._old.values()}
        many = Counter(
            {
                rules.TOKEN_RESPONSE: self.token_responses,
                rules.NO_PAGE: self.token_responses + self.checked[rules.NO_PAGE],
                rules.FRESH: self.tokens_seen if self.fresh else 0,
            }
        )
        if len({one.client_id for one in owners}) > 1:
            many[rules.OF_ONE_CLIENT] = self.tokens_seen
        if len({(one.username, one.scope) for one in owners}) > 1:
            many[rules.OF_ONE_USER] = self.tokens_seen
        return +(self.checked | many)

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
            self.checked[rules.ID_TOKEN] += 1
            audience = claims.get("aud")
            if client_id not in (audience if isinstance(audience, list) else [audience]):
                raise self.wrong(rules.ID_TOKEN, "an ID Token was for another client (aud)")
            self.subject(claims.get("sub"), provider, rules.ID_TOKEN)
            return
        if "client_id" in claims:
            self.checked[rules.OF_ONE_CLIENT] += 1
            if claims["client_id"] != client_id:
                what = "an access token was another client's (client_id)"
                raise self.wrong(rules.OF_ONE_CLIENT, what)
        if "sub" in claims and provider.user is not None:
            self.checked[rules.OF_ONE_USER] += 1
            self.subject(claims["sub"], provider, rules.OF_ONE_USER)

    def _shed(self, response: Response) -> None:
        """Look at how load is shed: who says when to come back has to say it so that one can."""
        field = response.header("retry-after")
        if field is None:
            self.warnings[f"status {response.status} without Retry-After"] += 1
            return
        self.checked[rules.WHEN_TO_RETURN] += 1
        if not (field.isascii() and field.isdigit()) and not _is_date(field):
            what = "Retry-After was neither a number of seconds nor a date"
            raise self.wrong(rules.WHEN_TO_RETURN, what)


def _is_text(token: str) -> bool:
    """Return whether a token can be sent at all: JSON can name half of a surrogate pair."""
    try:
        token.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tells_seconds(response: Response) -> bool:
    """Return whether expires_in is absent or a number of seconds, however it is written.

    RFC 6749 appendix A.14: digits; as a JSON number it may have a fraction of zero.
    """
    value = response.json_object.get("expires_in")
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return value.isascii() and value.isdigit()
    return value is None or (isinstance(value, int | float) and value >= 0 and value % 1 == 0)


def _is_date(text: str) -> bool:
    return http_date(text) is not None
