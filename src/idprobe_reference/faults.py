"""The faults that the server answers, each with the form that its specification wants."""

from collections.abc import Mapping
from typing import Final

__all__ = ["AuthorizationFault", "BearerFault", "Fault", "OAuthFault", "PageFault"]


class Fault(Exception):
    """A request that is refused; `code` is the registered error, `description` says why."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code: Final = code
        self.description: Final = description


class OAuthFault(Fault):
    """A fault answered in JSON (RFC 6749 section 5.2); `status` None leaves it to the code."""

    def __init__(
        self,
        code: str,
        description: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, description)
        self.status: Final = status
        self.headers: Final = dict(headers or {})


class AuthorizationFault(Fault):
    """A fault sent to the client's redirection URI (RFC 6749 section 4.1.2.1)."""


class PageFault(Fault):
    """A fault shown to the person, because there is no place to redirect to."""

    def __init__(self, description: str, *, status: int = 400) -> None:
        super().__init__("page", description)
        self.status: Final = status


class BearerFault(Fault):
    """A fault of a protected resource (RFC 6750 section 3); an empty code means no credentials."""

    def __init__(self, code: str, description: str, *, status: int, scope: str = "") -> None:
        super().__init__(code, description)
        self.status: Final = status
        self.scope: Final = scope
