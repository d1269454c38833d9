"""Finding out what a server says of itself: metadata and keys."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from idprobe.errors import EvidenceError
from idprobe.flows.moves import Flow, answer, outcome, successful_object
from idprobe.model.exchange import Request
from idprobe.model.profile import Profile, Provider

__all__ = [
    "discover",
    "discover_all",
    "fetch_keys",
    "keys_request",
    "metadata_request",
    "well_known_urls",
]

JSON: Final = ("Accept", "application/json")


def well_known_urls(profile: Profile) -> tuple[str, ...]:
    """Return where the metadata may be, the likeliest first.

    The profile's own `metadata_url`; the issuer with the well-known path appended (OpenID Connect
    Discovery 1.0, section 4); the well-known path before its path (RFC 8414 section 3).
    """
    parts = urlsplit(profile.issuer)
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc}"
    urls = [
        f"{root}{path}/.well-known/openid-configuration",
        f"{root}/.well-known/oauth-authorization-server{path}",
    ]
    if profile.metadata_url:
        urls.insert(0, profile.metadata_url)
    return tuple(dict.fromkeys(urls))


def metadata_request(url: str) -> Request:
    """Return the request for a metadata document."""
    return Request.get(url, headers=(JSON,))


def discover(profile: Profile) -> Flow[Mapping[str, Any]]:
    """Return the first metadata document that answers 200 with a JSON object."""
    seen: list[str] = []
    for url in well_known_urls(profile):
        response = yield from answer(metadata_request(url))
        try:
            return successful_object(response, "metadata")
        except EvidenceError:
            seen.append(f"{outcome(response)} at {urlsplit(url).path}")
    raise EvidenceError(f"wanted metadata as a JSON object, got {', '.join(seen)}")


def discover_all(profile: Profile) -> Flow[Mapping[str, Mapping[str, Any]]]:
    """Return every metadata document that answers 200 with a JSON object, by its URL."""
    found: dict[str, Mapping[str, Any]] = {}
    for url in well_known_urls(profile):
        response = yield from answer(metadata_request(url))
        try:
            found[url] = successful_object(response, "metadata")
        except EvidenceError:
            continue
    return found


def keys_request(provider: Provider) -> Request:
    """Return the request for the server's JWK set."""
    return Request.get(provider.endpoint("jwks_uri"), headers=(JSON,))


def fetch_keys(provider: Provider) -> Flow[Mapping[str, Any]]:
    """Return the server's JWK set (RFC 7517 section 5)."""
    response = yield from answer(keys_request(provider))
    keys = successful_object(response, "a JWK set")
    if not isinstance(keys.get("keys"), list):
        raise EvidenceError("wanted a JWK set, got an object without an array named keys")
    return keys
