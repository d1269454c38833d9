"""A mutant that agrees on secrets by points that it has not looked at (RFC 8725 section 3.4)."""

# ruff: noqa: D102 - the class of a mutant says what its one method does

import base64
import hashlib
import json
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from idprobe_reference.mutants.registry import mutant
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.tokens.protection import our_keys

P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
Point = tuple[int, int] | None


def added(one: Point, other: Point) -> Point:
    """Return the sum of two points by the formulas of P-256, whatever curve they are on."""
    if one is None or other is None:
        return other if one is None else one
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    if one == other:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def shared_secret(number: int, point: Point) -> int:
    """Return the x of a multiple of a point; 0 if that is at infinity."""
    found: Point = None
    while number:
        found = added(found, point) if number & 1 else found
        point, number = added(point, point), number >> 1
    return 0 if found is None else found[0]


def octets(text: str) -> bytes:
    """Return what stands in base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@mutant(breaks="RFC8725-3.4/ecdh-inputs-validated")
class PointsAreNotLookedAt(ReferenceServer):
    """Whether an ephemeral key is on the curve is not asked."""

    def plain_text_of(self, client: ClientConfig, token: str) -> str | None:
        opened = super().plain_text_of(client, token)
        start, _, vector, text, tag = token.split(".")
        epk = json.loads(octets(start)).get("epk", {})
        key = next(key for _, key in our_keys() if isinstance(key, ECKey))
        if opened is not None or epk.get("crv") != "P-256":
            return opened
        point = tuple(int.from_bytes(octets(epk[name]), "big") for name in ("x", "y"))
        number = key.private_key.private_numbers().private_value  # type: ignore[union-attr] # it has one
        secret = shared_secret(number, (point[0], point[1])).to_bytes(32, "big")
        info = b"\0\0\0\7A256GCM" + bytes(8) + (256).to_bytes(4, "big")
        content = hashlib.sha256(b"\0\0\0\1" + secret + info).digest()
        try:
            plain = AESGCM(content).decrypt(
                octets(vector), octets(text) + octets(tag), start.encode()
            )
        except InvalidTag:
            return None
        return plain.decode()
