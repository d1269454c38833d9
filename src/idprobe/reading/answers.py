"""What an answer means: granted, refused, or unclear.

A refusal is seen, never inferred: only a fitting OAuth error, an error page where a person is shown
one, or a bare 401, which says that credentials are lacking, counts. An overload, a gateway's block
or a crash is unclear. Predicates such as `refused` raise EvidenceError for what is unclear.
"""

from dataclasses import dataclass
from typing import Final, NewType

from idprobe.errors import EvidenceError
from idprobe.login.forms.pages import parsed
from idprobe.model.exchange import Exchange, Response
from idprobe.reading.challenges import challenges

__all__ = [
    "ASKING",
    "Answer",
    "Flaw",
    "Granted",
    "Refused",
    "Unclear",
    "answer_of",
    "clear",
    "error_code",
    "gives_tokens",
    "is_error_page",
    "is_token_accepted",
    "refused",
    "refused_by_challenge",
    "token_error",
]

PAGE_STATUSES: Final = frozenset({200, 400, 401, 403, 404, 405, 414, 422, 431})
ASKING: Final = (
    'input[type="password"], input[type="text"], input[type="email"], input[type="tel"], '
    'input[type=""], input:not([type])'
)
"""Where a person writes: an input without a type is one for text (HTML, section 4.10.5)."""
ERROR_STATUSES: Final = frozenset({400, 401, 403, 405, 413, 414, 415, 422, 431})
UNAUTHORIZED: Final = 401


Flaw = NewType("Flaw", str)
"""What is wrong with an answer, in words; functions called `flaw_…` return it, or None."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The server gave what was asked for."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused."""

    error: str | None
    """The OAuth error code that it told; None where the refusal has none."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Neither a grant nor a refusal: `why` is a sentence that shows the exchange."""

    why: str


Answer = Granted | Refused | Unclear


def error_code(exchange: Exchange) -> str | None:
    """Return the OAuth error code of a landing or of a JSON body, None without one."""
    if exchange.landing is not None:
        return exchange.landing.error
    return exchange.answered.error


def gives_tokens(exchange: Exchange) -> bool:
    """Return whether the answer hands out a code or a token, by body or by redirect."""
    names = {"code", "access_token", "id_token", "refresh_token"}
    if exchange.landing is not None:
        return any(name in names and value for name, value in exchange.landing.parameters)
    response = exchange.answered
    if not response.is_success:
        return False
    try:
        return bool(names & response.json_object.keys())
    except EvidenceError:
        return False


def answer_of(exchange: Exchange) -> Answer:
    """Return what the authorization or the token endpoint answered.

    An OAuth error is a refusal by whatever status of a client's error or of success: some servers
    tell errors with 200, which is another fault.
    """
    if gives_tokens(exchange):
        return Granted()
    if exchange.landing is None:
        return _answer_without_landing(exchange)
    if exchange.landing.error is None:
        return Unclear(f"the redirect brings neither a grant nor an error: {exchange}")
    return Refused(exchange.landing.error)


def _answer_without_landing(exchange: Exchange) -> Answer:
    response = exchange.answered
    if response.error is not None and (response.is_success or response.status in ERROR_STATUSES):
        return Refused(response.error)
    if is_error_page(response) or refused_by_challenge(exchange) or _lacks_credentials(response):
        return Refused(response.error)
    if response.is_success:
        return Granted()
    return Unclear(f"that is neither a grant nor a refusal: {exchange}")


def clear(answer: Answer) -> Granted | Refused:
    """Return an answer that is a grant or a refusal; raises EvidenceError for any other."""
    if isinstance(answer, Unclear):
        raise EvidenceError(answer.why)
    return answer


def refused(exchange: Exchange) -> bool:
    """Return whether a request was refused; raises EvidenceError if the answer is unclear."""
    return isinstance(clear(answer_of(exchange)), Refused)


def token_error(exchange: Exchange) -> str | None:
    """Return the error code of an error response (RFC 6749 section 5.2), None if it was granted.

    Raises EvidenceError for an answer that is neither a grant nor a refusal with an OAuth error.
    """
    if not refused(exchange):
        return None
    code = exchange.answered.error
    if code is None:
        raise EvidenceError(f"the refusal has no OAuth error: {exchange}")
    return code


def refused_by_challenge(exchange: Exchange) -> bool:
    """Return whether a Bearer challenge names an error: a body is not needed (RFC 6750 3)."""
    if exchange.answered.status not in {400, 401, 403}:
        return False
    bearer = (one for one in challenges(exchange) if one.scheme == "bearer")
    return any(one.get("error") for one in bearer)


def _lacks_credentials(response: Response) -> bool:
    """Return whether a status says all (RFC 9110 section 15.5.2): nothing comes with it."""
    return response.status == UNAUTHORIZED and not response.body


def is_error_page(response: Response) -> bool:
    """Return whether a response is a page that tells a person of an error, and asks nothing."""
    if response.media_type not in {"text/html", "application/xhtml+xml", "text/plain"}:
        return False
    if response.is_redirect or response.status not in PAGE_STATUSES:
        return False
    page = parsed(response.body[:262_144].decode("utf-8", "replace"))
    return not page.css(ASKING)


def is_token_accepted(exchange: Exchange) -> bool:
    """Return whether an access token was accepted; one that introspection denies is not.

    Raises EvidenceError for an unclear answer.
    """
    return isinstance(clear(_resource_answer_of(exchange)), Granted)


def _resource_answer_of(exchange: Exchange) -> Answer:
    """Return what a protected resource, or introspection, answered to an access token."""
    response = exchange.answered
    if response.is_success:
        is_json = response.media_type == "application/json"
        if is_json and response.error is not None:
            return Refused(response.error)
        is_active = not is_json or response.json_object.get("active", True) is True
        return Granted() if is_active else Refused(None)
    if response.status in {400, 401, 403}:
        return Refused(response.error)
    return Unclear(f"that is neither service nor refusal: {exchange}")
