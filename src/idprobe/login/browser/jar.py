"""Cookies between our jar and the browser's, which is the one that decides what they are."""

from collections.abc import Iterable, Mapping
from http.cookiejar import Cookie
from typing import Any, Final

__all__ = ["from_browser", "snapshot", "to_browser"]

LOCAL: Final = ".local"
"""What http.cookiejar puts after a host name without a dot."""


def to_browser(cookie: Cookie) -> dict[str, Any]:
    """Return a cookie as the DevTools protocol sets it (Network.setCookies)."""
    host = cookie.domain.lstrip(".").removesuffix(LOCAL)
    shown = f"[{host}]" if ":" in host else host
    told: dict[str, Any] = {
        "name": cookie.name,
        "value": cookie.value or "",
        "url": f"{'https' if cookie.secure else 'http'}://{shown}{cookie.path}",
        "path": cookie.path,
        "secure": cookie.secure,
        "httpOnly": _rest(cookie, "httponly") is not None,
    }
    if cookie.domain.startswith("."):
        told["domain"] = cookie.domain.removesuffix(LOCAL)
    if cookie.expires is not None:
        told["expires"] = cookie.expires
    same_site = (_rest(cookie, "samesite") or "").capitalize()
    if same_site in {"Strict", "Lax", "None"}:
        told["sameSite"] = same_site
    return told


def _rest(cookie: Cookie, name: str) -> str | None:
    """Return an attribute that http.cookiejar only keeps; empty where it has no value."""
    rest: Mapping[str, str | None] = vars(cookie).get("_rest", {})
    return next((value or "" for key, value in rest.items() if key.lower() == name), None)


def from_browser(told: Mapping[str, Any]) -> Cookie:
    """Return a cookie as our jar keeps it, from one as Playwright shows it."""
    domain = str(told["domain"])
    expires = told.get("expires", -1)
    rest = {"HttpOnly": ""} if told.get("httpOnly") else {}
    if told.get("sameSite"):
        rest["SameSite"] = str(told["sameSite"])
    bare = domain.lstrip(".")
    if "." not in bare and ":" not in bare:
        domain += LOCAL
    return Cookie(
        version=0,
        name=str(told["name"]),
        value=str(told["value"]),
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=str(told["path"]),
        path_specified=True,
        secure=bool(told.get("secure")),
        expires=None if expires in {-1, None} else int(expires),
        discard=expires in {-1, None},
        comment=None,
        comment_url=None,
        rest=rest,
    )


def snapshot(cookies: Iterable[Cookie]) -> frozenset[tuple[str, str, str, str | None]]:
    """Return what makes two sets of cookies the same."""
    return frozenset((one.domain, one.path, one.name, one.value) for one in cookies)
