"""Where a browser must be stopped: redirect URIs, and the responses that land there."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urldefrag, urlsplit

from idprobe.model.exchange import Landing, LandingMode, form_pairs

__all__ = ["landing_at", "posted_landing", "same_place"]

RESPONSE_MEMBERS: Final = frozenset(
    {"code", "access_token", "id_token", "error", "response", "state", "iss"}
)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def same_place(url: str, redirect_uri: str) -> bool:
    """Return whether scheme, host, port and path of the two are equal."""
    place = _place(url)
    return place is not None and place == _place(redirect_uri)


def landing_at(url: str, redirect_uris: Iterable[str]) -> Landing | None:
    """Return the authorization response that a URL carries to one of the redirect URIs.

    It is in the fragment if that has a parameter of a response, else in the query.
    """
    if not any(same_place(url, uri) for uri in redirect_uris):
        return None
    rest, fragment = urldefrag(url)
    in_fragment = form_pairs(fragment)
    if any(name in RESPONSE_MEMBERS for name, _ in in_fragment):
        return Landing(rest, LandingMode.FRAGMENT, in_fragment)
    address, _, query = rest.partition("?")
    return Landing(address, LandingMode.QUERY, form_pairs(query))


def posted_landing(
    url: str, pairs: tuple[tuple[str, str], ...], redirect_uris: Iterable[str]
) -> Landing | None:
    """Return the authorization response that a form posts to one of the redirect URIs."""
    if not any(same_place(url, uri) for uri in redirect_uris):
        return None
    return Landing(urldefrag(url).url, LandingMode.FORM_POST, pairs)


def _place(url: str) -> tuple[str, str, int | None, str] | None:
    """Return what makes up the place of a URL, None if it cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    web = parts.scheme in DEFAULT_PORTS
    path = parts.path or ("/" if web else "")
    return parts.scheme, (parts.hostname or ""), port or DEFAULT_PORTS.get(parts.scheme), path
