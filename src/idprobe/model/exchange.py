"""Frozen facts of the wire: what was sent, what came back, when.

Everything here is immutable and has a short repr that shows no body, no header value and no query.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote_plus, urlsplit

from idprobe.errors import EvidenceError
from idprobe.formats.strict_json import parse_json

__all__ = [
    "Agent",
    "Connection",
    "Exchange",
    "Headers",
    "Landing",
    "LandingMode",
    "Pairs",
    "Release",
    "Request",
    "Response",
    "Sender",
    "TransportFailure",
    "form_encode",
    "form_pairs",
    "parse_json",
]

Headers = tuple[tuple[str, str], ...]
Pairs = tuple[tuple[str, str], ...]

FORM: Final = "application/x-www-form-urlencoded"


class Agent(StrEnum):
    """Who speaks: the client itself, or the user's browser (which has cookies)."""

    CLIENT = "client"
    USER = "user"


class Sender(StrEnum):
    """The code that put the request on the wire."""

    HTTPX = "httpx"
    RAW = "raw"
    BROWSER = "browser"
    SERVER = "server"
    """The server under test, which called our listener."""
    FOREIGN = "foreign"


class TransportFailure(StrEnum):
    """Why an exchange has no response; the text of a failure begins with one of these."""

    NOT_CONNECTED = "no connection"
    TIMED_OUT = "no complete response within"
    NOT_HTTP = "the response breaks HTTP"
    NOT_SENT = "this cannot be sent"
    BROKEN_OFF = "the exchange broke off"


class LandingMode(StrEnum):
    """How an authorization response travels to the redirect_uri."""

    QUERY = "query"
    FRAGMENT = "fragment"
    FORM_POST = "form_post"


def form_encode(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the pairs as application/x-www-form-urlencoded text (WHATWG URL, section 5.2)."""
    return "&".join(f"{_form_encoded(name)}={_form_encoded(value)}" for name, value in pairs)


def _form_encoded(text: str) -> str:
    """Return a name or value encoded; a lone surrogate, as JSON may have, goes by its octets."""
    return quote_plus(text, safe="*", errors="surrogatepass")


@lru_cache(maxsize=4096)
def form_pairs(text: str | bytes) -> Pairs:
    """Return the decoded pairs of a query or form body, in order, repeated ones included."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return tuple(parse_qsl(text, keep_blank_values=True, errors="replace"))


def _values(pairs: Sequence[tuple[str, str]], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in pairs if key == name)


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One HTTP request, as it goes on the wire.

    `origin` is scheme://host[:port]; `target` is what follows the method on the request line, byte
    for byte. `headers` are the ones that we chose; Host and Content-Length are the sender's.
    """

    method: str
    origin: str
    target: bytes
    headers: Headers = ()
    body: bytes = b""
    agent: Agent = Agent.CLIENT

    @classmethod
    def get(
        cls,
        url: str,
        parameters: Sequence[tuple[str, str]] = (),
        *,
        headers: Headers = (),
        agent: Agent = Agent.CLIENT,
    ) -> Self:
        """Return a GET of the URL, with the parameters added to its query."""
        origin, target = _split(url)
        if parameters:
            target += ("&" if "?" in target else "?") + form_encode(parameters)
        return cls("GET", origin, target.encode("utf-8"), headers, b"", agent)

    @classmethod
    def post_form(
        cls,
        url: str,
        form: Sequence[tuple[str, str]],
        *,
        headers: Headers = (),
        agent: Agent = Agent.CLIENT,
    ) -> Self:
        """Return a POST of the pairs as a form body."""
        origin, target = _split(url)
        body = form_encode(form).encode("ascii")
        headers = (("Content-Type", FORM), *headers)
        return cls("POST", origin, target.encode("utf-8"), headers, body, agent)

    @property
    def url(self) -> str:
        """The absolute URL, with octets outside UTF-8 shown as replacement characters."""
        return self.origin + self.target.decode("utf-8", "replace")

    @property
    def path(self) -> str:
        """The path of the target, without its query."""
        return self.target.decode("utf-8", "replace").partition("?")[0]

    @property
    def query(self) -> Pairs:
        """The decoded pairs of the query."""
        return form_pairs(self.target.partition(b"?")[2])

    @property
    def form(self) -> Pairs:
        """The decoded pairs of a form body; empty for any other body."""
        if media_type_of(self.headers) != FORM:
            return ()
        return form_pairs(self.body)

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query or form parameter, None without it."""
        values = _values((*self.query, *self.form), name)
        return values[0] if values else None

    def header(self, name: str) -> str | None:
        """Return the first header of that name, None without it."""
        return _first(self.headers, name)

    def with_headers(self, *headers: tuple[str, str]) -> Self:
        """Return the request with headers added."""
        return replace(self, headers=(*self.headers, *headers))

    def __repr__(self) -> str:
        return f"<{self.method} {self.origin}{self.path}>"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One HTTP response; header names keep their spelling, repeated headers stay apart."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    http_version: str = "HTTP/1.1"
    reason: str = ""
    truncated: bool = False
    """Whether the body went on beyond our bound and was cut."""

    def header(self, name: str) -> str | None:
        """Return the first header of that name, None without it."""
        return _first(self.headers, name)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Return every header of that name, in order."""
        lowered = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == lowered)

    def directives(self, name: str) -> frozenset[str]:
        """Return the comma-separated members of a header, in lower case, arguments included."""
        joined = ",".join(self.all_headers(name))
        return frozenset(part.strip().lower() for part in joined.split(",") if part.strip())

    @property
    def media_type(self) -> str | None:
        """The media type in lower case without parameters, None without Content-Type."""
        return media_type_of(self.headers)

    @property
    def text(self) -> str:
        """The body as UTF-8 text, with replacement characters where it is none."""
        return self.body.decode("utf-8", "replace")

    @property
    def unreadable(self) -> str:
        """Why the body is not what the server meant to say; empty if it is, as far as we know."""
        if self.truncated:
            return "was cut where our bound is"
        coding = (self.header("content-encoding") or "identity").lower()
        return "" if coding == "identity" else f"is encoded as {coding[:20]}"

    @property
    def json(self) -> Any:
        """The body as a JSON value; raises EvidenceError if it is none (see parse_json)."""
        if self.unreadable:
            raise EvidenceError(f"the body cannot be read: it {self.unreadable}")
        return parse_json(self.body)

    @property
    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; raises EvidenceError if it is none."""
        value = self.json
        if not isinstance(value, dict):
            raise EvidenceError("the JSON body is not an object")
        return value

    @property
    def error(self) -> str | None:
        """The OAuth error code of a JSON error body (RFC 6749 section 5.2), None without one."""
        try:
            value = self.json_object.get("error")
        except EvidenceError:
            return None
        return value if isinstance(value, str) else None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status <= 299  # noqa: PLR2004 -- the class of status codes itself

    @property
    def is_granted(self) -> bool:
        """Whether the status is 2xx and the body tells no OAuth error, as some servers do."""
        return self.is_success and self.error is None

    @property
    def is_redirect(self) -> bool:
        """Whether the response sends a browser elsewhere."""
        return self.status in {301, 302, 303, 307, 308} and self.header("location") is not None

    def __repr__(self) -> str:
        return f"<{self.status} {self.media_type or 'no media type'}, {len(self.body)} bytes>"


def _split(url: str) -> tuple[str, str]:
    """Return origin and request target of an absolute URL; a fragment is not sent."""
    try:
        parts = urlsplit(url)
        named = parts.scheme and parts.netloc and parts.port != 0
        url.encode("utf-8")  # JSON may have lone surrogates, which no URL has
    except ValueError:
        raise EvidenceError("this cannot be read as a URL") from None
    if not named:
        raise EvidenceError("an absolute URL is needed to send a request to")
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    return f"{parts.scheme}://{parts.netloc}", target


def _first(headers: Headers, name: str) -> str | None:
    lowered = name.lower()
    return next((value for key, value in headers if key.lower() == lowered), None)


def media_type_of(headers: Headers) -> str | None:
    """Return the media type of the headers in lower case without parameters, None without one."""
    value = _first(headers, "content-type")
    return None if value is None else value.partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, repr=False)
class Landing:
    """An authorization response that reached (or would have reached) a redirect_uri.

    `redirect_uri` is the address without the response: for a query landing the whole query is in
    `parameters`, what the client registered there included.
    """

    redirect_uri: str
    mode: LandingMode
    parameters: Pairs

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter, in order."""
        return _values(self.parameters, name)

    def get(self, name: str) -> str | None:
        """Return the first value of a parameter, None without it."""
        values = self.values(name)
        return values[0] if values else None

    @property
    def error(self) -> str | None:
        """The OAuth error code (RFC 6749 section 4.1.2.1), None without one."""
        return self.get("error")

    def __repr__(self) -> str:
        names = ", ".join(name for name, _ in self.parameters)
        return f"<landing by {self.mode.value} with {names or 'nothing'}>"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of the connection under an exchange; None where it is not known."""

    peer: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate_sha256: str | None = None
    tls_offer: str | None = None
    """What a handshake offered, where it was made to try just that (idprobe.client.raw)."""
    tls_end: str | None = None
    """How a handshake ended that did not complete: `alert NAME`, `closed`, `certificate: WHY`."""
    closed: bool | None = None
    """Whether the server closed the connection after its response, where we waited for that."""


@dataclass(frozen=True, slots=True)
class Release:
    """When a request of a race was let go and answered, by one clock for all of them.

    Nanoseconds from the moment when the first of them was let go. When it arrived cannot be seen
    from here.
    """

    released_ns: int
    """When its last octet had been handed to the system."""
    heard_ns: int | None = None
    """When the first octets of its answer came, by the kernel's clock; None without an answer."""


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """One request and what became of it.

    `response` is None exactly if `failure` says why. `step` names the part it plays in its probe.
    `elapsed_ns` runs from just before the first byte sent to the last byte read. `landing` is there
    if the response carries the user's browser to a redirect_uri of the client.
    """

    request: Request
    response: Response | None
    started_at: datetime
    elapsed_ns: int
    step: str = ""
    failure: str | None = None
    sender: Sender = Sender.HTTPX
    connection: Connection = Connection()
    landing: Landing | None = None
    retried: int = 0
    """How often the request was sent again after a connection failed before any byte was sent."""
    release: Release | None = None
    """Where it was one of several that were let go together: `elapsed_ns` runs from there."""

    @property
    def answered(self) -> Response:
        """The response; raises EvidenceError if there is none."""
        if self.response is None:
            raise EvidenceError(f"{self.request!r} got no response: {self.failure}")
        return self.response

    @property
    def transport_failure(self) -> TransportFailure | None:
        """The kind of its failure; None with a response, or for what a hello or a HAR tells."""
        kinds = (kind for kind in TransportFailure if (self.failure or "").startswith(kind))
        return next(kinds, None)

    def __str__(self) -> str:
        what = repr(self.response) if self.response is not None else f"no response ({self.failure})"
        error = self.response.error if self.response is not None else None
        return f"{self.request!r} → {what}" + (f" error={error[:60]!r}" if error else "")

    __repr__ = __str__
