"""Submitting a form: from its controls to the request that a browser would send."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, quote_plus, urldefrag, urlsplit

from idprobe.flows.authorization import BROWSER_HEADERS
from idprobe.login.forms.forms import Control, Form
from idprobe.model.exchange import Agent, Headers, Request

__all__ = ["browse", "entries", "submission", "target_of"]

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
KEPT: Final = "!#$%&'()*+,/:;=?@[\\]^{|}~"
"""What stays as it is in a URL that is sent (URL, section 4.4): all that is visible but "<>`."""

Entries = Sequence[tuple[str, str]]


def browse(url: str, *, before: str) -> Request:
    """Return the browser's GET of a URL, coming from a page."""
    headers = (*BROWSER_HEADERS, *_whence(before))
    return Request.get(quote(url, safe=KEPT), headers=headers, agent=Agent.USER)


def target_of(form: Form, button: Control | None) -> str:
    """Return the URL that a form is submitted to by the button."""
    return (button.formaction if button is not None else None) or form.action


def entries(
    form: Form,
    chosen: Mapping[int, tuple[str, ...]] | None = None,
    button: Control | None = None,
) -> tuple[tuple[str, str], ...]:
    """Return the names and values that the form sends, in order (HTML, form-data set).

    `chosen` replaces the values of controls by their place in the form.
    """
    return tuple(_entries(form, chosen or {}, button))


def _entries(
    form: Form, chosen: Mapping[int, tuple[str, ...]], button: Control | None
) -> Iterator[tuple[str, str]]:
    for place, control in enumerate(form.controls):
        if control.is_button:
            if control is button:
                yield from _pressed(control)
        elif control.name:
            is_charset = control.kind == "hidden" and control.name.lower() == "_charset_"
            values = (form.charset,) if is_charset else chosen.get(place, control.values)
            yield from ((control.name, value) for value in values)


def _pressed(button: Control) -> Iterator[tuple[str, str]]:
    if button.kind == "image":
        prefix = f"{button.name}." if button.name else ""
        yield from ((f"{prefix}x", "0"), (f"{prefix}y", "0"))
    elif button.name:
        yield (button.name, button.value)


def submission(
    form: Form,
    *,
    before: str,
    chosen: Mapping[int, tuple[str, ...]] | None = None,
    button: Control | None = None,
) -> Request:
    """Return the request that submits the form, coming from the page `before`."""
    pairs = entries(form, chosen, button)
    url = urldefrag(target_of(form, button)).url
    method = (button.formmethod if button is not None else None) or form.method
    if method != "post":
        query = encoded(pairs, form.charset).decode("ascii")
        return browse(f"{url.partition('?')[0]}?{query}", before=before)
    enctype = (button.formenctype if button is not None else None) or form.enctype
    media_type, body = _body(pairs, enctype, form.charset)
    parts = urlsplit(before)
    origin = ("Origin", f"{parts.scheme}://{parts.netloc}")
    request = Request.post_form(quote(url, safe=KEPT), ())
    headers = (("Content-Type", media_type), *BROWSER_HEADERS, origin, *_whence(before))
    return Request("POST", request.origin, request.target, headers, body, Agent.USER)


def encoded(pairs: Entries, charset: str) -> bytes:
    """Return the pairs form-encoded in a charset; what it lacks becomes a character reference."""
    parts = (f"{_quoted(name, charset)}={_quoted(value, charset)}" for name, value in pairs)
    return "&".join(parts).encode("ascii")


def _quoted(text: str, charset: str) -> str:
    return quote_plus(_lines(text).encode(charset, "xmlcharrefreplace"), safe="*")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def _body(pairs: Entries, enctype: str, charset: str) -> tuple[str, bytes]:
    """Return media type and body of a POST; an unknown enctype is the default one."""
    if enctype == MULTIPART:
        boundary = f"----{secrets.token_hex(16)}"
        return f"{MULTIPART}; boundary={boundary}", _multipart(pairs, boundary, charset)
    if enctype == "text/plain":
        text = "".join(f"{name}={_lines(value)}\r\n" for name, value in pairs)
        return enctype, text.encode(charset, "xmlcharrefreplace")
    return FORM, encoded(pairs, charset)


def _multipart(pairs: Entries, boundary: str, charset: str) -> bytes:
    def parts() -> Iterator[str]:
        for name, value in pairs:
            escaped = _lines(name).replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
            yield f'--{boundary}\r\nContent-Disposition: form-data; name="{escaped}"\r\n\r\n'
            yield f"{_lines(value)}\r\n"
        yield f"--{boundary}--\r\n"

    return "".join(parts()).encode(charset, "xmlcharrefreplace")


def _whence(before: str) -> Headers:
    """Return the Referer of a browser that tells its origin only, so that it carries no secret."""
    parts = urlsplit(before)
    return (("Referer", f"{parts.scheme}://{parts.netloc}/"),)
