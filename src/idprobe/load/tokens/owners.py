"""For whom a token is."""

from dataclasses import dataclass

from idprobe.model.profile import Provider

__all__ = ["Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a token is: a client, its user if there is one, and the scope if the answer said.

    A response without `scope` has the scope that was asked for, which may be the server's default:
    two of them need not be the same (RFC 6749 sections 3.3 and 5.1).
    """

    client_id: str
    username: str = ""
    scope: str | None = None

    @classmethod
    def of(cls, provider: Provider, scope: str | None = None) -> "Owner":
        """Return the owner of what is issued to a provider's client and user."""
        user = provider.user.username if provider.user is not None else ""
        told = None if scope is None else " ".join(sorted(scope.split()))
        return cls(provider.client.client_id, user, told)
