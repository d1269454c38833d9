"""The one table from `when` terms, KIND:VALUE, to predicates over what is known of a server.

A server supports what its metadata announce (with each member's default) and what the profile's
clients are configured for, except for what an experiment refuted. What nothing speaks of is
unknown, and worth a try.
"""

from collections.abc import Callable, Mapping
from typing import Final

from idprobe.errors import CatalogueError
from idprobe.formats.schemas import nearest
from idprobe.model.profile.clients import Client
from idprobe.model.profile.features import FEATURES
from idprobe.model.profile.metadata import KNOWN_MEMBERS, UNKNOWN_IF_ABSENT, holds, member
from idprobe.model.profile.situation import Situation, response_types, texts

__all__ = ["KINDS", "check_term", "unmet_because"]

PROFILES: Final[Mapping[str, str]] = {
    "oauth21": "oauth2.1",
    "fapi2_security": "fapi2",
    "fapi2_message_signing": "fapi2:message_signing",
}
CLIENT_KINDS: Final[Mapping[str, Callable[[Client], bool]]] = {
    "public": lambda client: client.is_public,
    "confidential": lambda client: client.is_confidential,
    "native": lambda client: client.application_type == "native",
    "secret": lambda client: client.client_secret is not None,
}


def unmet_because(term: str, situation: Situation) -> str | None:
    """Return why a term does not hold, None if it holds or is unknown.

    Raises CatalogueError for a term that makes no sense.
    """
    check_term(term)
    if term in situation.observed:
        return situation.observed[term]
    kind, _, value = term.partition(":")
    return KINDS[kind](value, situation)


def check_term(term: str) -> None:
    """Raise CatalogueError if a term makes no sense, with the one that was probably meant."""
    kind, _, value = term.partition(":")
    if kind not in KINDS or not value or value != value.strip():
        raise CatalogueError(f"{term!r} is no condition: write KIND:VALUE, KIND of {[*KINDS]}")
    known = _VALUES.get(kind)
    name = value.partition("=")[0] if kind == "metadata" else value
    if known is not None and name not in known:
        meant = nearest(name, known)
        hint = f"did you mean {meant}?" if meant else f"known are {', '.join(sorted(known))}"
        raise CatalogueError(f"{term!r} names an unknown {kind}: {hint}")


def _grant(value: str, situation: Situation) -> str | None:
    clients = situation.profile.clients.values()
    if any(value in client.grant_types for client in clients):
        return None
    if value == "implicit":
        without_types = FEATURES["implicit_flow"](situation)
        announced = situation.metadata.get("response_types_supported") is not None
        if announced and (
            without_types is None or "grant_types_supported" not in situation.metadata
        ):
            return without_types  # the default of grant_types_supported has implicit anyway
    return _unlisted(value, "grant_types_supported", situation)


def _response_type(value: str, situation: Situation) -> str | None:
    if any(words == frozenset(value.split()) for words in response_types(situation)):
        return None
    announced = situation.metadata.get("response_types_supported")
    if announced is None:
        return None
    return _not_listed(value, "response_types_supported")


def _response_mode(value: str, situation: Situation) -> str | None:
    """Return why a mode is not supported; where none is listed query and fragment are."""
    if value in texts(member(situation.metadata, "response_modes_supported")):
        return None
    return _not_listed(value, "response_modes_supported")


def _scope(value: str, situation: Situation) -> str | None:
    if any(value in client.scopes for client in situation.profile.clients.values()):
        return None
    return _unlisted(value, "scopes_supported", situation)


def _auth(value: str, situation: Situation) -> str | None:
    clients = situation.profile.clients.values()
    if any(client.token_endpoint_auth_method == value for client in clients):
        return None
    return _unlisted(value, "token_endpoint_auth_methods_supported", situation)


def _unlisted(value: str, name: str, situation: Situation) -> str | None:
    """Return why a value is not supported if the member is there and lacks it."""
    announced = situation.metadata.get(name)
    if announced is None or value in texts(announced):
        return None
    return _not_listed(value, name)


def _not_listed(value: str, name: str) -> str:
    return f"the metadata does not list {value} in {name} and no client of the profile uses it"


def _metadata(value: str, situation: Situation) -> str | None:
    name, equals, wanted = value.partition("=")
    metadata, endpoints = situation.metadata, situation.profile.endpoints
    if name in endpoints or _is_open(name, situation):
        return None
    if not equals:
        return None if metadata.get(name) is not None else _absent(name, situation)
    return None if holds(metadata, name, wanted) else _differs(name, wanted, situation)


def _is_open(name: str, situation: Situation) -> bool:
    """Return whether an absent member says nothing; so does a document that nobody has seen."""
    if not situation.metadata and (name == "issuer" or not situation.profile.endpoints):
        return True
    return name in UNKNOWN_IF_ABSENT and situation.metadata.get(name) is None


def _absent(name: str, situation: Situation) -> str:
    if not situation.metadata:
        return f"there are no metadata that announce {name}"
    if name.endswith("_endpoint"):
        return f"the metadata has no {name} and [endpoints] of the profile names none"
    return f"the metadata has no {name}"


def _differs(name: str, wanted: str, situation: Situation) -> str:
    if not situation.metadata:
        return f"there are no metadata that announce {name}"
    if situation.metadata.get(name) is None:
        default = member(situation.metadata, name)
        return (
            f"the metadata has no {name}, whose default is not {wanted}"
            if default
            else (f"the metadata has no {name}, so {wanted} is not announced")
        )
    if wanted in {"true", "false"}:
        return f"{name} is not {wanted} in the metadata"
    return f"the metadata does not list {wanted} in {name}"


def _client(value: str, situation: Situation) -> str | None:
    if any(CLIENT_KINDS[value](client) for client in situation.profile.clients.values()):
        return None
    kind = "client with a client_secret" if value == "secret" else f"{value} client"
    return f"the profile has no {kind}"


def _feature(value: str, situation: Situation) -> str | None:
    if value in situation.profile.features:
        return None
    return FEATURES[value](situation)


def _profile(value: str, situation: Situation) -> str | None:
    if value == "rfc9068":
        return None  # its access tokens show it, or observation refutes it
    claim = PROFILES[value]
    standards = situation.profile.standards
    if claim in standards or any(one.partition(":")[0] == claim for one in standards):
        return None
    return f"the profile does not claim {claim} in standards"


def _contract(value: str, situation: Situation) -> str | None:
    if situation.profile.contract.get(value) is True:
        return None
    return f"[contract] of the profile does not promise {value}"


KINDS: Final[Mapping[str, Callable[[str, Situation], str | None]]] = {
    "grant": _grant,
    "response_type": _response_type,
    "response_mode": _response_mode,
    "scope": _scope,
    "auth": _auth,
    "metadata": _metadata,
    "client": _client,
    "feature": _feature,
    "profile": _profile,
    "contract": _contract,
}
_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "metadata": KNOWN_MEMBERS,
    "client": frozenset(CLIENT_KINDS),
    "feature": frozenset(FEATURES),
    "profile": frozenset({*PROFILES, "rfc9068"}),
}
