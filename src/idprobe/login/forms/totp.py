"""One-time codes of a second factor (RFC 6238), for users whose profile has the secret."""

import base64
import binascii
import hmac

from idprobe.errors import ProfileError

__all__ = ["one_time_code"]

PERIOD_S = 30
DIGITS = 6


def one_time_code(secret: str, at_s: float) -> str:
    """Return the six digits of a base32 secret at a time, by SHA-1 and steps of 30 s."""
    text = secret.replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise ProfileError("the profile's users", "totp_secret", "give it in base32") from None
    digest = hmac.digest(key, int(at_s // PERIOD_S).to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
