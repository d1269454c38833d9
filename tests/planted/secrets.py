"""The planted secrets and the ways in which a server spells them."""

import base64
import html
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

__all__ = ["PLANTED", "SPELLINGS", "WEAK"]

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "percent": lambda one: quote(one, safe=""),
    "percent, small letters": lambda one: re.sub(
        "%..", lambda escape: escape[0].lower(), quote(one, safe="")
    ),
    "percent, every octet": lambda one: "".join(f"%{octet:02X}" for octet in one.encode()),
    "percent, twice": lambda one: quote(quote(one, safe=""), safe=""),
    "form": quote_plus,
    "html": html.escape,
    "html, decimal": lambda one: "".join(f"&#{ord(c)};" for c in one),
    "html, hexadecimal": lambda one: "".join(f"&#x{ord(c):X};" for c in one),
    "html, leading zeros": lambda one: "".join(f"&#{ord(c):07d};" for c in one),
    "html in html": lambda one: html.escape(html.escape(one)),
    "json": lambda one: json.dumps(one)[1:-1],
    "json, unescaped": lambda one: json.dumps(one, ensure_ascii=False)[1:-1],
    "json, every character": lambda one: "".join(
        f"\\u{unit:04x}" for unit in memoryview(one.encode("utf-16-le")).cast("H").tolist()
    ),
    "json in json": lambda one: json.dumps(json.dumps(one)[1:-1])[1:-1],
    "json, solidus": lambda one: json.dumps(one).replace("/", "\\/")[1:-1],
    "script": lambda one: "".join(
        f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{{{ord(c):x}}}" for c in one
    ),
    "base64": lambda one: base64.b64encode(one.encode()).decode(),
    "base64 for URLs": lambda one: base64.urlsafe_b64encode(one.encode()).decode().rstrip("="),
    "base64 of more": lambda one: base64.b64encode(b"web:" + one.encode() + b";").decode(),
    "base64 in percent": lambda one: quote(base64.b64encode(one.encode()).decode(), safe=""),
    "hexadecimal": lambda one: one.encode().hex(),
    "hexadecimal, capitals": lambda one: one.encode().hex().upper(),
    "composed": lambda one: unicodedata.normalize("NFC", one),
    "decomposed": lambda one: unicodedata.normalize("NFD", one),
    "UTF-8 as Latin-1": lambda one: one.encode().decode("latin-1"),
}

PLANTED: Final[dict[str, str]] = {
    "four": "Qz7%",
    "five": "x9#Qw",
    "six": 'k"2^Vb',
    "seven": "J4'rT|8",
    "seven letters": "Xqzvkwj",
    "eight": "Zq8#mW2!",
    "eight letters": "Xqzvkwjb",
    "plain": "plainsecret1",
    "two words": "gold fish bowl",
    "edges": " leading and trailing ",
    "quotes": 'it\'s a "quoted" one',
    "backslashes": "\\" * 60,
    "percent": "100%25-of-it%",
    "percent signs": "%%%%%%%%%%%%",
    "plus": "a+b+c+d+e+f+g",
    "ampersands": "a&b=c&d=e&amp;f",
    "markup": "<script>alert(1)</script>",
    "form": "name=value&other=thing",
    "escapes": 'a\\b"c%41xyz&amp;\\u0041',
    "path": "/var/lib/secret/path",
    "address": "https://elsewhere.example/?secret=1",
    "dots": "aaaa.bbbb.cccc.dddd",
    "pattern": "(a+)+$|[^x]*{1,9}",
    "terminal": "\x1b[31mred\x1b[0m-secret",
    "tabs": "tab\tseparated\tsecret",
    "digits": "9081726354",
    "phone": "+49-170-5551234",
    "German": "grün-schlüssel-weiß",
    "Russian": "пароль-секрет",
    "Chinese": "密碼是長的秘密之一",
    "emoji": "🔑🗝️🔒-keys",
    "combining": "e\u0301te\u0301-secre\u0301t",
    "Arabic": "كلمة-السر-هنا",
    "right to left": "abc\u202edef-secret",
    "zero width": "zero\u200bwidth-secret",
    "line separator": "line\u2028sep-secret",
    "base64": "c2VjcmV0LWluLWJhc2U2NA==",
    "hexadecimal": "deadbeefcafebabe0123",
    "token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    "pseudonym": "‹client_secret-99›",
    "formula": "=cmd|' /C calc'!A0",
    "command": "::add-mask::secret-x",
    "one letter": "q" * 64,
    "long": "".join(f"{number:04x}-" for number in range(100)),
    "longest": ("Lk3" + "x7Wq9-" * 700)[:4_096],
}
"""Secrets that reports can hide, by what is odd about them; at most 4,096 characters."""

WEAK: Final[dict[str, str]] = {
    "one character": "z",
    "three characters": "z#9",
    "a word of the protocol": "password",
    "another word": "secret",
    "an error": "invalid_grant",
    "a name of a parameter": "client_secret",
    "part of the issuer": "identity",
    "the user's name": "planted-user",
}
"""Secrets that reports cannot hide; a profile for a server beyond loopback may not have one."""
