"""Text that a server chose, made fit for any page, terminal or XML file.

Nothing is dropped: what cannot be seen, or would steer the reader's screen, is shown by name.
Markup is a second matter, which each renderer escapes in its own way.
"""

import re
from typing import Final

__all__ = ["clipped", "plain_pseudonyms", "sanitise", "spread_form", "spread_json"]

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Controls, formats (bidirectional ones too), invisible fillers, surrogates, non-characters."""
_JSON_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_ENCODED_PSEUDONYM: Final = re.compile(r"%E2%80%B9([a-z_]+-[0-9]+)%E2%80%BA")
_MAX_INDENT: Final = 8


def sanitise(text: str, *, lines: bool = False) -> str:
    """Return the text with everything unseen shown: ESC as ␛, U+202E as ⟨U+202E⟩.

    With `lines`, line feeds and tabs stay what they are, and CR LF becomes a line feed.
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n")
        return _UNSEEN.sub(lambda match: match[0] if match[0] in "\n\t" else _shown(match[0]), text)
    return _UNSEEN.sub(lambda match: _shown(match[0]), text)


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:  # noqa: PLR2004 -- the C0 set, which Unicode has pictures of, from U+2400 on
        return chr(0x2400 + code)
    return "␡" if character == "\x7f" else f"⟨U+{code:04X}⟩"


def clipped(text: str, limit: int) -> str:
    """Return the text, cut after `limit` characters with a mark that says so."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def spread_json(text: str) -> str:
    """Return JSON text over indented lines, every token and its order as they were.

    It need not be whole or valid: nothing is parsed, so repeated members and odd numbers stay.
    """
    pieces: list[str] = []
    depth = 0
    before = ""
    for token in _JSON_TOKEN.findall(text):
        if token in {"}", "]"}:
            depth -= 1
            pieces.append("" if before in {"{", "["} else _line(depth))
        elif before in {"{", "[", ","}:
            pieces.append(_line(depth))
        elif before == ":":
            pieces.append(" ")
        pieces.append(token)
        depth += token in {"{", "["}
        before = token
    return "".join(pieces)


def _line(depth: int) -> str:
    return "\n" + "  " * max(0, min(depth, _MAX_INDENT))


def spread_form(text: str) -> str:
    """Return a form body with each parameter on a line of its own, still encoded."""
    return text.replace("&", "\n&")


def plain_pseudonyms(text: str) -> str:
    """Return form or query text with the pseudonyms in it readable; no server ever sees them."""
    return _ENCODED_PSEUDONYM.sub("\u2039\\1\u203a", text)
