"""Exchanges as the page shows them: every part in words, every part bounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idprobe.formats.sanitise import clipped, plain_pseudonyms, spread_form, spread_json
from idprobe.model.exchange import FORM, Exchange, Headers, Pairs, media_type_of
from idprobe.model.trace import Trace

__all__ = ["Body", "Shown", "anchor", "elapsed", "shown", "transcript"]

_MAX_URL: Final = 2000
_MAX_VALUE: Final = 1000
_MAX_HEADERS: Final = 40
_MAX_PARAMETERS: Final = 40


@dataclass(frozen=True, slots=True)
class Body:
    """A body, or the beginning of one; `remark` says how much is missing, and how it is set."""

    text: str
    size: int
    remark: str
    kind: str
    """What the text is, where the page can colour it: `json`, `form`, else empty."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange, ready to be laid out; without an answer `status` is 0, `failure` says why."""

    anchor: str
    number: int
    step: str
    agent: str
    at: str
    elapsed: str
    remarks: tuple[str, ...]
    request_line: str
    place: str
    request_headers: Headers
    request_body: Body | None
    status: int
    status_line: str
    response_headers: Headers
    response_body: Body | None
    failure: str
    landing: str
    landed: Pairs


def anchor(probe: str, index: int | str) -> str:
    """Return the fragment of an exchange: PROBE-INDEX, as an id may be spelled."""
    return f"{''.join(c if c.isalnum() or c in '_.' else '_' for c in probe)}-{index}"


def elapsed(nanoseconds: int) -> str:
    """Return a duration as people read it."""
    milliseconds = nanoseconds / 1e6
    if milliseconds >= 1000:  # noqa: PLR2004 -- from a second on, seconds
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 -- two digits


def transcript(trace: Trace, cap: int) -> tuple[Shown, ...]:
    """Return the exchanges of a trace in order, bodies cut after `cap` bytes."""
    return tuple(shown(trace.probe, index, e, cap) for index, e in enumerate(trace.exchanges))


def shown(probe: str, index: int, exchange: Exchange, cap: int) -> Shown:
    """Return one exchange of a probe, bodies cut after `cap` bytes."""
    request, response, landing = exchange.request, exchange.response, exchange.landing
    target = plain_pseudonyms(request.target[:_MAX_URL].decode("utf-8", "backslashreplace"))
    if len(request.target) > _MAX_URL:
        target += f"… ({len(request.target)} bytes)"
    return Shown(
        anchor=anchor(probe, index),
        number=index,
        step=exchange.step,
        agent=request.agent.value,
        at=exchange.started_at.strftime("%H:%M:%S.%f")[:-3],
        elapsed=elapsed(exchange.elapsed_ns),
        remarks=tuple(_remarks(exchange)),
        request_line=f"{request.method} {request.origin}{target}",
        place=clipped(f"{request.method} {request.path}", 120),
        request_headers=_bounded(request.headers, _MAX_HEADERS),
        request_body=_body(request.headers, request.body, cap),
        status=response.status if response is not None else 0,
        status_line=""
        if response is None
        else clipped(f"{response.http_version} {response.status} {response.reason}".strip(), 200),
        response_headers=_bounded(response.headers, _MAX_HEADERS) if response is not None else (),
        response_body=_body(response.headers, response.body, cap) if response is not None else None,
        failure=clipped(exchange.failure or "", _MAX_VALUE),
        landing=""
        if landing is None
        else clipped(f"{landing.redirect_uri} by {landing.mode}", _MAX_VALUE),
        landed=_bounded(landing.parameters, _MAX_PARAMETERS) if landing is not None else (),
    )


def _remarks(exchange: Exchange) -> Iterator[str]:
    if exchange.sender == "server":
        yield "sent by the server under test, to our listener"
        return
    yield f"sent by the {'user’s browser' if exchange.request.agent == 'user' else 'client'}"  # noqa: RUF001 -- typography
    if exchange.sender != "httpx":
        yield f"through {exchange.sender}"
    if exchange.retried:
        yield f"retried {exchange.retried} times"
    if exchange.release is not None:
        yield f"let go {exchange.release.released_ns / 1000:.0f} µs after the first of its race"
    if exchange.connection.tls_version:
        yield exchange.connection.tls_version
    if exchange.response is not None and exchange.response.truncated:
        yield "recorded only in part: the body was longer than our bound"


def _bounded(pairs: Pairs, most: int) -> Pairs:
    kept = tuple((clipped(name, 200), clipped(value, _MAX_VALUE)) for name, value in pairs[:most])
    return kept if len(pairs) <= most else (*kept, ("…", f"{len(pairs) - most} more"))


def _body(headers: Headers, body: bytes, cap: int) -> Body | None:
    if not body:
        return None
    text = body[:cap].decode("utf-8", "replace")
    media_type = media_type_of(headers) or ""
    remarks, kind = [], ""
    if len(body) > cap:
        remarks.append(f"the first {cap} of {len(body)} bytes, the HAR has all")
    if media_type == FORM:
        kind = "form"
        remarks += ["a parameter a line"] if "&" in text else []
        text = plain_pseudonyms(spread_form(text))
    elif media_type.endswith("json") and "{" in text:
        kind = "json"
        text = spread_json(text)
        remarks.append("indented here")
    return Body(text, len(body), "; ".join(remarks), kind)
