"""The tokens that a run would leave behind, remembered so that they can be given back."""

from collections import deque
from collections.abc import Iterator
from typing import Final

from idprobe.load.tokens.owners import Owner

__all__ = ["UnrevokedTokens"]

MOST_REMEMBERED: Final = 10_000
"""So many refresh tokens, and so many access tokens, a process remembers: the youngest."""


class UnrevokedTokens:
    """The youngest tokens that were issued, and how many there were in all."""

    def __init__(self) -> None:
        self._refresh: Final[deque[tuple[bytes, str]]] = deque(maxlen=MOST_REMEMBERED)
        self._access: Final[deque[tuple[bytes, str]]] = deque(maxlen=MOST_REMEMBERED)
        self.issued = 0

    def keep_refresh(self, token: str, owner: Owner) -> None:
        """Remember a refresh token."""
        self.issued += 1
        self._refresh.append((token.encode(), owner.client_id))

    def keep_access(self, token: bytes, owner: Owner) -> None:
        """Remember an access token."""
        self.issued += 1
        self._access.append((token, owner.client_id))

    @property
    def forgotten(self) -> int:
        """How many are not known any more."""
        return self.issued - len(self._refresh) - len(self._access)

    def known(self) -> Iterator[tuple[bytes, str]]:
        """Yield each token with its client, the youngest first.

        Refresh tokens go first: they may take access tokens with them (RFC 7009 section 2.1).
        """
        yield from reversed(self._refresh)
        yield from reversed(self._access)
