"""The profile of recorded evidence: what redacted_profile wrote, read back."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from idprobe.errors import EvidenceError
from idprobe.formats.typed import misfit
from idprobe.model.profile.clients import Client, Role
from idprobe.model.profile.model import (
    AssertionGrant,
    Deviation,
    Indicator,
    Limits,
    Listening,
    Login,
    Network,
    Node,
    Profile,
    Target,
    Tls,
    User,
)

__all__ = ["restored_profile"]


def restored_profile(shown: Mapping[str, Any]) -> Profile:
    """Return the profile that was shown; its secrets stay pseudonyms, which judging never needs.

    Raises EvidenceError if a member is missing or of the wrong kind.
    """
    try:
        profile = _profile(shown)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EvidenceError(f"run.json: the profile cannot be read back: {error!s:.120}") from None
    wrong = misfit(profile, Profile)
    if wrong is not None:
        raise EvidenceError(f"run.json: the profile cannot be read back: {wrong}")
    return profile


def _profile(shown: Mapping[str, Any]) -> Profile:
    return Profile(
        **{
            **shown,
            "standards": tuple(shown["standards"]),
            "features": tuple(shown["features"]),
            "clients": {n: _client(one) for n, one in shown["clients"].items()},
            "users": {name: User(**one) for name, one in shown["users"].items()},
            "login": Login(**shown["login"]),
            "target": Target(**{**shown["target"], "until": _day(shown["target"]["until"])}),
            "indicators": tuple(Indicator(**one) for one in shown["indicators"]),
            "assertion_grant": _assertion_grant(shown["assertion_grant"]),
            "limits": Limits(**shown["limits"]),
            "tls": _tls(shown["tls"]),
            "network": _network(shown["network"]),
            "listener": _listener(shown.get("listener")),
            "nodes": tuple(Node(**one) for one in shown.get("nodes", ())),
            "deviations": _deviations(shown["deviations"]),
            "quarantine": _deviations(shown.get("quarantine", ())),
        }
    )


def _deviations(shown: Iterable[Mapping[str, Any]]) -> tuple[Deviation, ...]:
    return tuple(Deviation(**{**one, "until": _day(one["until"])}) for one in shown)


def _assertion_grant(shown: Mapping[str, Any] | None) -> AssertionGrant | None:
    return None if shown is None else AssertionGrant(**shown)


def _client(shown: Mapping[str, Any]) -> Client:
    lists = ("grant_types", "response_types", "redirect_uris", "post_logout_redirect_uris")
    return Client(
        **{
            **shown,
            **{name: tuple(shown[name]) for name in lists},
            "roles": frozenset(Role(role) for role in shown["roles"]),
            "jwks": None,
        }
    )


def _tls(shown: Mapping[str, Any]) -> Tls:
    files = ("ca_file", "client_cert", "client_key")
    paths = {name: Path(shown[name]) if shown[name] else None for name in files}
    return Tls(**paths, insecure=shown["insecure"])


def _network(shown: Mapping[str, Any]) -> Network:
    headers = tuple((name, value) for name, value in shown["headers"])
    return Network(**{**shown, "headers": headers})


def _listener(shown: Mapping[str, Any] | None) -> Listening | None:
    return None if shown is None else Listening(**shown)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
