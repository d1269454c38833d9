"""Responses: JSON, pages and redirects, with the headers that each kind needs."""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

__all__ = ["clean_description", "json_reply", "page_reply", "redirect_reply", "with_parameters"]

_HTML: Final = "text/html; charset=utf-8"
_ASCII: Final = "".join(map(chr, range(128)))


def json_reply(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return `body` as a JSON response."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        content,
        status,
        {"X-Content-Type-Options": "nosniff", **(headers or {})},
        media_type="application/json",
    )


def page_reply(html: str, status: int, headers: Mapping[str, str]) -> Response:
    """Return a page; `headers` say how it may be shown and kept."""
    return Response(html.encode(), status, dict(headers), media_type=_HTML)


def redirect_reply(location: str, headers: Mapping[str, str]) -> Response:
    """Return a redirect that never repeats a body: 303 (RFC 9700 section 4.12)."""
    ascii_only = quote(location, safe=_ASCII)
    return Response(status_code=303, headers={**headers, "Location": ascii_only})


def with_parameters(uri: str, parameters: Mapping[str, str], *, fragment: bool) -> str:
    """Return `uri` with form-urlencoded parameters in its query or its fragment, the rest kept."""
    encoded = urlencode(parameters)
    if fragment:
        return f"{uri}#{encoded}"
    if "?" not in uri:
        return f"{uri}?{encoded}"
    return f"{uri}{encoded}" if uri.endswith(("?", "&")) else f"{uri}&{encoded}"


def clean_description(text: str) -> str:
    """Return `text` in the characters that error_description allows (RFC 6749 section 5.2)."""
    kept = "".join(
        "'" if char == '"' else char for char in text if " " <= char <= "~" and char != "\\"
    )
    return kept or "refused"


def csp_hash(source: str) -> str:
    """Return the source expression that allows exactly this inline script or style."""
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"
