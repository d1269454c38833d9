"""What may be known of a secret without knowing it."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.formats.jose import half_hash, looks_like_jwt, read_jwt
from idprobe.formats.jwe import Opened, header_of_jwe, looks_like_jwe
from idprobe.model.exchange import parse_json

__all__ = ["Opener", "Verifier", "facts_of", "nobody"]

Verifier = Callable[[str], Mapping[str, Any] | None]
"""Returns which key verifies a JWT, None if none does."""

Opener = Callable[[str], Opened | None]
"""Returns what is in a JWE, None if no key of ours opens it."""

HASHES: Final = ("S256", "S384", "S512")


def nobody(_token: str) -> None:
    """Verify nothing: the keys are not known yet."""


def facts_of(
    kind: str, value: str, verifier: Verifier = nobody, opener: Opener = nobody
) -> dict[str, Any]:
    """Return what may be known of a secret: JSON-ready, nothing it could be rebuilt from.

    `max_entropy_bits` is length × log2 of the size of the alphabet seen: an upper bound, never an
    estimate of how well it was drawn. `half_hash` maps S256, S384 and S512 to the left half of the
    hash (at_hash, c_hash: OpenID Connect Core section 3.1.3.6).
    """
    classes = {
        "digit": re.search(r"[0-9]", value),
        "lower": re.search(r"[a-z]", value),
        "upper": re.search(r"[A-Z]", value),
        "unreserved_mark": re.search(r"[-._~]", value),
        "base64_mark": re.search(r"[+/=]", value),
        "other": re.search(r"[^A-Za-z0-9\-._~+/=]", value),
    }
    alphabet = [name for name, found in classes.items() if found]
    facts: dict[str, Any] = {
        "kind": kind,
        "length": len(value),
        "segments": value.count(".") + 1,
        "alphabet": alphabet,
        "vschar": re.fullmatch(r"[\x20-\x7e]+", value) is not None,
        "b64token": re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", value) is not None,
        "max_entropy_bits": round(len(value) * math.log2(max(2, _alphabet_size(value))), 1),
    }
    if kind in {"access_token", "code"} and value.isascii():
        facts["half_hash"] = {name: half_hash(value, f"RS{name[1:]}") for name in HASHES}
    if looks_like_jwe(value):
        found = opener(value)
        facts["jwe"] = {"header": header_of_jwe(value), "opened": found is not None}
        if found is not None:
            facts["jwe"]["kid"] = found.kid
            facts |= _claims_facts(found.content, verifier)
    facts |= _jwt_facts(value, verifier)
    return facts


def _claims_facts(content: str, verifier: Verifier) -> dict[str, Any]:
    """Return what was in a JWE: a JWT in it, or claims that nobody signed."""
    nested = _jwt_facts(content, verifier)
    if nested:
        return nested
    try:
        claims = parse_json(content.encode("utf-8", "surrogatepass"))
    except EvidenceError:
        return {}
    return {"claims": claims} if isinstance(claims, dict) else {}


def _jwt_facts(value: str, verifier: Verifier) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if looks_like_jwt(value):
        try:
            token = read_jwt(value)
        except EvidenceError as error:
            facts["not_a_jwt"] = str(error)
        else:
            facts["jwt"] = {"header": dict(token.header), "claims": dict(token.claims)}
            facts["signature_octets"] = len(value.rpartition(".")[2]) * 3 // 4
            try:
                found = verifier(value)
            except EvidenceError:  # nobody knows the keys
                return facts
            facts["verified_by"] = None if found is None else dict(found)
    return facts


def _alphabet_size(value: str) -> int:
    """Return the size of the smallest usual alphabet that holds the value."""
    for pattern, size in (
        (r"[0-9]+", 10),
        (r"[0-9a-f\-]+|[0-9A-F\-]+", 16),
        (r"[a-z0-9]+|[A-Z0-9]+", 36),
        (r"[A-Za-z0-9]+", 62),
        (r"[A-Za-z0-9\-_.~]+", 64),
    ):
        if re.fullmatch(pattern, value):
            return size
    return 94
