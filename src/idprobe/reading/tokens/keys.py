"""What the members of a published key are as numbers."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from idprobe.errors import EvidenceError

__all__ = ["integer_member"]

BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


def integer_member(key: Mapping[str, Any], name: str) -> int:
    """Return a member of a key as the number that it stands for (RFC 7518 section 2)."""
    value = key.get(name)
    if not isinstance(value, str) or not BASE64URL.match(value) or len(value) % 4 == 1:
        raise EvidenceError(f"{name} of a key is no base64url text")
    return int.from_bytes(urlsafe_b64decode(value + "=" * (-len(value) % 4)), "big")
