"""Variants of names: of the issuer, of clients, of persons, of sessions."""

# ruff: noqa: D102 - the class of a variant says what its one method does

import secrets
from dataclasses import replace
from typing import Final

from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig, UserConfig
from idprobe_reference.stores import Session
from idprobe_reference.variants.registry import variant
from idprobe_reference.variants.tokens import Configured

_MOST: Final = 255
"""The most characters of a sub (OpenID Connect Core section 2)."""
_SLASH: Final = dict.fromkeys(
    (
        "OIDCD-4/document-at-well-known-path",
        "OIDCD-4.2/status-200",
        "OIDCD-4.3/issuer-equals-url-prefix",
        "RFC8414-3/published-at-well-known-path",
        "RFC8414-3.1/trailing-slash-removed",
        "RFC8414-3.3/issuer-identical",
    ),
    "an issuer with a slash at its end, and one without, have checks of their own",
)
_LOOKING_LIKE_JSON: Final = {
    "user-5f1d9c0a7be3": "0012345678901234567890",
    "user-c27e40b6819d": "null",
}


@variant("OpenID Connect Discovery section 3: an issuer may have a path", path="/tenants/a")
class IssuerHasPath(ReferenceServer):
    """The issuer has a path."""


@variant(
    "OpenID Connect Discovery sections 3 and 4.1: a final / is part of the issuer",
    path="/",
    differs=_SLASH,
)
class IssuerEndsInSlash(ReferenceServer):
    """The issuer ends in a slash, everywhere."""


@variant(
    "RFC 8414 sections 2 and 3.1: a final / is part of the issuer",
    shape="speakup",
    path="/tenants/a/",
    differs=_SLASH,
)
class IssuerHasPathThatEndsInSlash(ReferenceServer):
    """The issuer has a path that ends in a slash, everywhere."""


class _Renamed(Configured):
    """A server whose clients and persons have other identifiers."""

    def client_id(self, name: str) -> str:
        """Return the client_id of a client."""
        return name

    def sub(self, sub: str) -> str:
        """Return the sub of a person."""
        return sub

    def configured(self, config: ServerConfig) -> ServerConfig:
        return replace(
            config,
            clients=tuple(
                replace(c, client_id=self.client_id(c.client_id)) for c in config.clients
            ),
            users=tuple(replace(user, sub=self.sub(user.sub)) for user in config.users),
        )


@variant("RFC 6749 section 2.2, OpenID Connect Core section 2: 255 characters")
class IdentifiersAreLong(_Renamed):
    """client_id, sub and sid are as long as they may be."""

    def client_id(self, name: str) -> str:
        return f"{name}-{'0123456789abcdef' * 12}"

    def sub(self, sub: str) -> str:
        return sub.ljust(_MOST, "x")

    def new_subject(self) -> str:
        return self.sub(super().new_subject())

    def session_after_login(self, before: Session, user: UserConfig) -> Session:
        session = super().session_after_login(before, user)
        return session if len(session.sid) > _MOST else replace(session, sid=_long(session.sid))


def _long(sid: str) -> str:
    return sid + secrets.token_urlsafe(_MOST)


@variant("RFC 6749 appendix A.1: VSCHAR", shape="speakup")
class IdentifiersHaveEverySign(_Renamed):
    """client_id is an address with signs that forms have to escape; sub has spaces and signs."""

    def client_id(self, name: str) -> str:
        return f"https://{name}.example/app?a=b&c=%20+d;e#{name}"

    def sub(self, sub: str) -> str:
        return f'idp|"{sub}" <a+b@c>/?#&='


@variant("OpenID Connect Core section 2: a sub is a text of up to 255 ASCII characters")
class SubjectsAreNumbers(_Renamed):
    """sub is a text of digits, or looks like another type of JSON."""

    def sub(self, sub: str) -> str:
        return _LOOKING_LIKE_JSON.get(sub, sub)
