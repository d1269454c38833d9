"""The syntax of scope (RFC 6749 section 3.3)."""

import re
from typing import Final

from idprobe_reference.faults import OAuthFault

__all__ = ["scope_values"]

_SCOPE: Final = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")


def scope_values(text: str) -> frozenset[str]:
    """Return the values of a scope parameter; raises OAuthFault where the syntax is broken."""
    if _SCOPE.fullmatch(text) is None:
        raise OAuthFault("invalid_scope", "the scope has characters that it may not have")
    return frozenset(text.split(" "))
