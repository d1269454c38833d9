"""What of a profile may stand in evidence and reports."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from idprobe.model.profile.model import Profile, is_telltale

__all__ = ["redacted_profile"]

SET: Final = "\u2039set\u203a"
_SECRET_FIELDS: Final = frozenset(
    {"client_secret", "jwks", "password", "totp_secret", "cookies", "initial_access_token"}
)


def redacted_profile(profile: Profile) -> dict[str, Any]:
    """Return the profile as plain JSON values; each secret is only said to be set.

    Of files the names are told, not the folders: those are the business of one machine.
    """
    shown: dict[str, Any] = _plain(profile)
    if "://" not in profile.where:
        shown["where"] = Path(profile.where).name
    if profile.network.proxy:
        shown["network"]["proxy"] = _without_login(profile.network.proxy)
    shown["network"]["headers"] = [
        [name, SET if is_telltale(name) else value] for name, value in profile.network.headers
    ]
    return shown


def _without_login(proxy: str) -> str:
    scheme, slashes, rest = proxy.partition("://")
    login, at, host = rest.rpartition("@")
    return f"{scheme}{slashes}{SET}@{host}" if at and login else proxy


def _plain(value: Any) -> Any:  # noqa: PLR0911 -- one for each kind of value
    """Return the value made of dict, list, str, numbers, bool and None alone."""
    match value:
        case StrEnum() | date():
            return str(value)
        case Path():
            return value.name
        case Mapping():
            return {str(key): _plain_member(str(key), value[key]) for key in value}
        case tuple() | list():
            return [_plain(one) for one in value]
        case set() | frozenset():
            return sorted(_plain(one) for one in value)
        case _ if is_dataclass(value):
            names = [one.name for one in fields(value)]
            return {name: _plain_member(name, getattr(value, name)) for name in names}
        case _:
            return value


def _plain_member(name: str, value: Any) -> Any:
    if name in _SECRET_FIELDS:
        return SET if value else None
    return _plain(value)
