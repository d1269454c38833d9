"""A recorded request as a command that a reader can run: POSIX shell, curl.

Secrets stay the pseudonyms that redaction left, so the reader has to fill them in.
"""

import re
import shlex
from typing import Final

from idprobe.formats.sanitise import plain_pseudonyms, sanitise
from idprobe.model.exchange import FORM, Request

__all__ = ["curl_command"]

_MAX_URL: Final = 2000
_MAX_HEADER: Final = 500
_MAX_HEADERS: Final = 30
_MAX_BODY: Final = 2000
_OURS: Final = frozenset({"accept-encoding", "connection", "content-length", "user-agent"})
"""Headers that say more of the sender than of the experiment."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def curl_command(request: Request) -> str:
    """Return the shortest curl command that sends this request, a few thousand characters at most.

    What a command line cannot carry is left out, and a comment at the end says what.
    """
    remarks: list[str] = []
    url = _url(request, remarks)
    words = ["curl", "--include", "--path-as-is"]
    if any(mark in url for mark in "[]{}"):
        words.append("--globoff")
    words += _method(request)
    words += [word for header in _headers(request, remarks) for word in ("--header", header)]
    source, data = _body(request, remarks)
    command = source + shlex.join([*words, *data, url])
    return f"{command}  # {'; '.join(remarks)}" if remarks else command


def _url(request: Request, remarks: list[str]) -> str:
    """Return the URL; octets that would not survive a command line are percent-encoded."""
    target = request.target[:_MAX_URL].decode("utf-8", "surrogateescape")
    encoded = "".join(map(_encoded, target))
    if len(request.target) > _MAX_URL:
        remarks.append(f"the URL's {len(request.target)} bytes are cut short; the HAR has them")
    elif encoded != target:
        remarks.append("the URL's unprintable octets are percent-encoded here")
    return sanitise(request.origin) + plain_pseudonyms(encoded)


def _encoded(character: str) -> str:
    if character != " " and sanitise(character) == character:
        return character
    return "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogateescape"))


def _method(request: Request) -> list[str]:
    if request.method == "HEAD":
        return ["--head"]
    implied = "POST" if request.body else "GET"
    return [] if request.method == implied else ["--request", sanitise(request.method)]


def _headers(request: Request, remarks: list[str]) -> list[str]:
    """Return the headers that matter, each as one word; curl writes an empty one with `;`."""
    kept: list[str] = []
    for name, value in request.headers:
        lowered = name.lower()
        if lowered in _OURS or (lowered == "content-type" and value == FORM and request.body):
            continue
        if len(kept) == _MAX_HEADERS:
            remarks.append("further headers are left out; the HAR has them")
            break
        if _is_portable(name, value):
            kept.append(f"{name}: {value}" if value else f"{name};")
        else:
            remarks.append(f"a header is left out ({sanitise(name[:40])}); the HAR has it")
    return kept


def _is_portable(name: str, value: str) -> bool:
    """Return whether curl and a shell carry the header unharmed (`@` would name a file)."""
    if _TOKEN.fullmatch(name) is None or len(value) > _MAX_HEADER:
        return False
    return sanitise(value) == value


def _body(request: Request, remarks: list[str]) -> tuple[str, list[str]]:
    """Return what stands before curl, and its options, for the body to be carried octet by octet.

    No argument of a command holds NUL, and a terminal obeys control characters: both take printf.
    """
    if not request.body:
        return "", []
    try:
        text = request.body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    is_text = sanitise(text, lines=True) == text
    if len(request.body) > (_MAX_BODY if is_text else _MAX_BODY // 4):
        remarks.append(f"the body's {len(request.body)} bytes are in the HAR")
        return "", ["--data-binary", "@body"]
    if is_text:
        return "", ["--data-raw", plain_pseudonyms(text)]
    octets = "".join(f"\\{octet:03o}" for octet in request.body)
    return f"printf '{octets}' | ", ["--data-binary", "@-"]
