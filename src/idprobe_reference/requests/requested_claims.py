"""What the `claims` parameter of an authorization request asks for (OIDC Core section 5.5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["NO_CLAIMS", "ClaimRequest", "RequestedClaims"]

_MAX_CLAIMS: Final = 100
_ABOUT_THE_LOGIN: Final = frozenset({"acr", "amr", "auth_time", "sub"})


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """How one claim is asked for; `values` None takes any value."""

    essential: bool = False
    values: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, asked: object) -> "ClaimRequest":
        """Return what null or an object asks for, unknown members ignored."""
        if asked is None:
            return cls()
        if not isinstance(asked, dict):
            raise TypeError("a claim is asked for by null or by an object")
        essential = asked.get("essential", False)
        many = asked.get("values", [asked["value"]] if "value" in asked else None)
        if not isinstance(essential, bool) or not (many is None or isinstance(many, list)):
            raise ValueError("essential has to be a boolean and values an array")
        return cls(essential, None if many is None else tuple(many))

    def takes(self, value: object) -> bool:
        """Return whether a claim of this value is what is asked for."""
        return self.values is None or any(
            type(value) is type(wanted) and value == wanted for wanted in self.values
        )


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """The claims to deliver by UserInfo and in the ID token, beyond those of the scope."""

    userinfo: Mapping[str, ClaimRequest] = field(default_factory=dict)
    id_token: Mapping[str, ClaimRequest] = field(default_factory=dict)
    locales: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "RequestedClaims":
        """Return what the parameter asks for, unknown members ignored.

        Raises ValueError or TypeError for what is no such thing.
        """
        try:
            asked = json.loads(text)
        except RecursionError as error:
            raise ValueError("claims is nested too deep") from error
        if not isinstance(asked, dict):
            raise TypeError("claims has to be an object")
        return cls(_member(asked, "userinfo"), _member(asked, "id_token"))

    @property
    def names(self) -> frozenset[str]:
        """Every claim about a person that is asked for by name."""
        return frozenset({*self.userinfo, *self.id_token}) - _ABOUT_THE_LOGIN


NO_CLAIMS: Final = RequestedClaims()


def _member(asked: Mapping[str, Any], name: str) -> dict[str, ClaimRequest]:
    member = asked.get(name)
    if member is None:
        return {}
    if not isinstance(member, dict) or len(member) > _MAX_CLAIMS:
        raise ValueError(f"{name} has to be an object of claims")
    return {claim: ClaimRequest.of(request) for claim, request in member.items()}
