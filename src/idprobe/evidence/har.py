"""Traces as HAR 1.2 documents, lossless through `_idprobe` members.

`from_har(to_har(trace)) == trace`. A HAR that somebody else recorded is read as well: what it
lacks is filled with what is certain, and its exchanges are marked `foreign`.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError
from idprobe.formats.typed import misfit
from idprobe.model.exchange import (
    Agent,
    Connection,
    Exchange,
    Headers,
    Landing,
    LandingMode,
    Release,
    Request,
    Response,
    Sender,
)
from idprobe.model.trace import Trace

__all__ = ["from_har", "to_har"]

MOST_NS: Final = 10**17
YEARS: Final = (1970, 9000)
MOST_STATUS: Final = 999
CREATOR: Final = {"name": "idprobe", "version": "1"}


def to_har(trace: Trace) -> dict[str, Any]:
    """Return the trace as a HAR document, ready for json.dumps."""
    return {
        "log": {
            "version": "1.2",
            "creator": CREATOR,
            "entries": [_entry(exchange) for exchange in trace.exchanges],
            "_idprobe": {
                "probe": trace.probe,
                "redacted": trace.redacted,
                "facts": {name: dict(facts) for name, facts in trace.facts.items()},
                "searched": dict(trace.searched),
            },
        }
    }


def from_har(document: object, probe: str = "foreign") -> Trace:
    """Return the trace of a HAR document; raises EvidenceError naming what is wrong with it.

    `probe` names the trace if the document does not.
    """
    try:
        trace = _trace(document, probe)
    except KeyError as error:
        raise EvidenceError(f"the HAR lacks a member: {error!s:.60}") from None
    except (TypeError, ValueError, AttributeError, OverflowError, LookupError) as error:
        raise EvidenceError(f"the HAR has a member of a wrong kind: {error!s:.120}") from None
    wrong = misfit(trace, Trace) or _out_of_bounds(trace)
    if wrong is not None:
        raise EvidenceError(f"the HAR has a member of a wrong kind: {wrong}")
    return trace


def _trace(document: object, probe: str) -> Trace:
    log = _mapping(_mapping(document, "the HAR")["log"], "log")
    ours = _mapping(log.get("_idprobe", {}), "_idprobe")
    return Trace(
        probe=ours.get("probe", probe),
        exchanges=tuple(_exchange(entry) for entry in log["entries"]),
        facts=ours.get("facts", {}),
        redacted=ours.get("redacted", False),
        searched=_searched(ours.get("searched", {})),
    )


def _searched(told: Any) -> Mapping[str, Any]:
    """Return what a search told; what it found says which example, and how to repeat it."""
    for one in _mapping(told, "searched").get("found", ()):
        str(one["example"]), str(one["reproduce"])
    return _mapping(told, "searched")


def _out_of_bounds(trace: Trace) -> str | None:
    """Return the place of a number or an address that nothing could be reckoned with."""
    for number, exchange in enumerate(trace.exchanges):
        release = exchange.release
        times = (exchange.elapsed_ns, *((release.released_ns, release.heard_ns) if release else ()))
        if not all(abs(one or 0) <= MOST_NS for one in times):
            return f"exchanges[{number}]: a time of more than {MOST_NS // 10**9} s"
        if not YEARS[0] <= exchange.started_at.year <= YEARS[1]:
            return f"exchanges[{number}]: began in the year {exchange.started_at.year}"
        if exchange.response is not None and not 0 <= exchange.response.status <= MOST_STATUS:
            return f"exchanges[{number}].response.status: is no HTTP status"
    return None


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{what} is not a JSON object")
    return value


def _text_or_base64(data: bytes) -> dict[str, str]:
    """Return bytes as UTF-8 text, or as base64 where they are none."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode("ascii"), "encoding": "base64"}


def _bytes(blob: Mapping[str, Any]) -> bytes:
    text = blob.get("text", "")
    if blob.get("encoding") != "base64":
        return str(text).encode("utf-8")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise EvidenceError("a body of the HAR is not base64 as it says") from None


def _pairs(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _headers(entries: Any) -> Headers:
    return tuple((entry["name"], entry["value"]) for entry in entries)


def _entry(exchange: Exchange) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    elapsed_ms = exchange.elapsed_ns / 1e6
    landing = exchange.landing
    return {
        "startedDateTime": exchange.started_at.isoformat(),
        "time": elapsed_ms,
        "request": _request_entry(request, response),
        "response": _response_entry(response),
        "cache": {},
        "timings": {"send": 0, "wait": elapsed_ms, "receive": 0},
        "_idprobe": {
            "step": exchange.step,
            "elapsed_ns": exchange.elapsed_ns,
            "failure": exchange.failure,
            "sender": exchange.sender.value,
            "agent": request.agent.value,
            "origin": request.origin,
            "target": _text_or_base64(request.target),
            "body": _text_or_base64(request.body),
            "truncated": response.truncated if response is not None else False,
            "retried": exchange.retried,
            "release": None
            if exchange.release is None
            else {
                "released_ns": exchange.release.released_ns,
                "heard_ns": exchange.release.heard_ns,
            },
            "connection": {
                "peer": exchange.connection.peer,
                "tls_version": exchange.connection.tls_version,
                "tls_cipher": exchange.connection.tls_cipher,
                "certificate_sha256": exchange.connection.certificate_sha256,
                "tls_offer": exchange.connection.tls_offer,
                "tls_end": exchange.connection.tls_end,
                "closed": exchange.connection.closed,
            },
            "landing": None
            if landing is None
            else {
                "redirect_uri": landing.redirect_uri,
                "mode": landing.mode.value,
                "parameters": [list(pair) for pair in landing.parameters],
            },
        },
    }


def _request_entry(request: Request, response: Response | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": response.http_version if response is not None else "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(request.query),
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        entry["postData"] = {
            "mimeType": request.header("content-type") or "",
            "text": request.body.decode("utf-8", "replace"),
        }
    return entry


def _response_entry(response: Response | None) -> dict[str, Any]:
    if response is None:
        response = Response(status=0, http_version="", reason="")
    content = {"size": len(response.body), "mimeType": response.header("content-type") or ""}
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": response.http_version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": content | _text_or_base64(response.body),
        "redirectURL": response.header("location") or "",
        "headersSize": -1,
        "bodySize": len(response.body),
    }


def _exchange(entry: Mapping[str, Any]) -> Exchange:
    ours = entry.get("_idprobe")
    request = _request(entry["request"], ours)
    response = _response(entry["response"], ours)
    started_at = datetime.fromisoformat(entry["startedDateTime"])
    if started_at.utcoffset() is None:
        raise EvidenceError("startedDateTime has no time zone")
    if ours is None:
        elapsed = timedelta(milliseconds=float(entry.get("time", 0)))
        failure = None if response is not None else "the HAR has no response"
        return Exchange(
            request,
            response,
            started_at.astimezone(UTC),
            round(elapsed.total_seconds() * 1e9),
            failure=failure,
            sender=Sender.FOREIGN,
        )
    landing = ours["landing"]
    return Exchange(
        request,
        response,
        started_at.astimezone(UTC),
        ours["elapsed_ns"],
        step=ours["step"],
        failure=ours["failure"],
        sender=Sender(ours["sender"]),
        connection=Connection(**ours["connection"]),
        landing=None
        if landing is None
        else Landing(
            landing["redirect_uri"],
            LandingMode(landing["mode"]),
            tuple((name, value) for name, value in landing["parameters"]),
        ),
        retried=ours["retried"],
        release=Release(**ours["release"]) if ours.get("release") else None,
    )


def _request(entry: Mapping[str, Any], ours: Mapping[str, Any] | None) -> Request:
    headers = _headers(entry["headers"])
    if ours is not None:
        origin, target, body = ours["origin"], _bytes(ours["target"]), _bytes(ours["body"])
        urlsplit(origin)  # raises ValueError for an address that nothing can be said of
        return Request(entry["method"], origin, target, headers, body, Agent(ours["agent"]))
    parts = urlsplit(entry["url"])
    target_text = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = str(entry.get("postData", {}).get("text", "")).encode("utf-8")
    origin = f"{parts.scheme}://{parts.netloc}"
    return Request(entry["method"], origin, target_text.encode("utf-8"), headers, body)


def _response(entry: Mapping[str, Any], ours: Mapping[str, Any] | None) -> Response | None:
    if entry["status"] == 0 and (ours is None or ours["failure"] is not None):
        return None
    return Response(
        status=entry["status"],
        headers=_headers(entry["headers"]),
        body=_bytes(entry["content"]),
        http_version=entry["httpVersion"],
        reason=entry["statusText"],
        truncated=ours["truncated"] if ours is not None else False,
    )
