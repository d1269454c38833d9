"""The clients and users that the suite wants: what can be registered, provided, or asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idprobe.model.profile import Role

__all__ = ["ALL_SCOPES", "WANTED", "WANTED_USERS", "Wanted", "WantedUser"]

CODE: Final = ("authorization_code", "refresh_token")
ALL_SCOPES: Final = (
    "openid", "profile", "email", "address", "phone", "offline_access", "api",
)  # fmt: skip
ABOUT_PEOPLE: Final = frozenset(ALL_SCOPES) - {"api"}
FRONT_CHANNEL: Final = frozenset({"offline_access"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A client that the suite wants, for one role."""

    role: Role
    token_endpoint_auth_method: str
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name that the client has in a profile."""
        return self.role.value

    @property
    def has_secret(self) -> bool:
        """Whether the client authenticates with a secret."""
        return self.token_endpoint_auth_method.startswith("client_secret")

    def scopes(self, offered: Collection[str]) -> tuple[str, ...]:
        """Return which of the scopes on offer the client should have, in their order."""
        if Role.SERVICE is self.role:
            return tuple(one for one in offered if one not in ABOUT_PEOPLE)
        if "refresh_token" not in self.grant_types:
            return tuple(one for one in offered if one not in FRONT_CHANNEL)
        return tuple(offered)

    def metadata(self, offered: Collection[str]) -> dict[str, Any]:
        """Return the client as its metadata (RFC 7591 section 2), keys and secrets left out."""
        members: dict[str, Any] = {
            "client_name": f"idprobe {self.name}",
            "token_endpoint_auth_method": self.token_endpoint_auth_method,
            "grant_types": list(self.grant_types),
            "response_types": list(self.response_types),
            "redirect_uris": list(self.redirect_uris),
            "post_logout_redirect_uris": list(self.post_logout_redirect_uris),
            "scope": " ".join(self.scopes(offered)),
        }
        kept = {name: one for name, one in members.items() if one}
        return {**kept, "response_types": list(self.response_types)}


@dataclass(frozen=True, slots=True)
class WantedUser:
    """A person who can log in; `claims` are what UserInfo should tell."""

    name: str
    claims: Mapping[str, str]


def _at(role: str, path: str = "/cb") -> str:
    return f"https://{role}.client.example{path}"


WANTED: Final = (
    Wanted(
        Role.WEB,
        "client_secret_basic",
        CODE,
        ("code",),
        (_at("web"), _at("web", "/cb2?tenant=one")),
        (_at("web", "/signed-out"),),
    ),
    Wanted(Role.SECOND, "client_secret_post", CODE, ("code",), (_at("second"),)),
    Wanted(Role.PUBLIC, "none", CODE, ("code",), (_at("public"),)),
    Wanted(Role.SERVICE, "client_secret_post", ("client_credentials",), (), ()),
    Wanted(
        Role.IMPLICIT,
        "none",
        ("implicit",),
        ("id_token", "id_token token", "token"),
        (_at("implicit"),),
    ),
    Wanted(
        Role.HYBRID,
        "client_secret_basic",
        ("authorization_code", "implicit", "refresh_token"),
        ("code", "code id_token", "code token", "code id_token token"),
        (_at("hybrid"),),
    ),
    Wanted(
        Role.SIGNED,
        "private_key_jwt",
        (*CODE, "client_credentials"),
        ("code",),
        (_at("signed"),),
    ),
)
WANTED_USERS: Final = (
    WantedUser("alice", {"email": "alice@people.example", "name": "Alice Example"}),
    WantedUser("bob", {"email": "bob@people.example", "name": "Bob Example"}),
)
