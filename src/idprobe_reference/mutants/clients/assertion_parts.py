"""The parts of a client assertion, as a careless server reads them."""

import base64
import json
from collections.abc import Callable
from typing import Any

from joserfc.jws import JWSRegistry

from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig

__all__ = ["Claims", "decoded", "object_in", "read_claims", "signed_octets"]

Claims = dict[str, Any]


def decoded(segment: str) -> bytes:
    """Return the octets of a segment; what does not belong into base64url is passed over."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def object_in(assertion: str, number: int) -> Claims:
    """Return the JSON object in a segment; an empty one if there is none."""
    try:
        found = json.loads(decoded(assertion.split(".")[number]))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def signed_octets(server: ReferenceServer, client: ClientConfig, assertion: str) -> bytes | None:
    """Return the octets that a registered key signed, whatever the header says of it."""
    message, _, signature = assertion.rpartition(".")
    for _, key, algorithms in server.assertion_keys(client):
        model = JWSRegistry.algorithms[algorithms[0]]
        try:
            if model.verify(message.encode(), decoded(signature), key):
                return decoded(message.partition(".")[2])
        except ValueError:
            return None
    return None


def read_claims(
    server: ReferenceServer, client: ClientConfig, assertion: str, parse: Callable[[bytes], Any]
) -> Claims | None:
    """Return the claims that `parse` makes of signed octets under an ordinary header."""
    header = object_in(assertion, 0)
    octets = signed_octets(server, client, assertion)
    if octets is None or "crit" in header or header.get("alg") not in {"ES256", "HS256"}:
        return None
    try:
        found = parse(octets)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
