"""What is known of a server when somebody asks whether a thing applies to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from idprobe.model.profile.model import Profile

__all__ = ["Situation", "response_types", "texts"]


@dataclass(frozen=True, slots=True)
class Situation:
    """The profile, the server's metadata (empty if there are none), and what was refuted.

    `observed` maps `when` terms that do not hold, by experiment, to the reason.
    """

    profile: Profile
    metadata: Mapping[str, Any] = field(repr=False)
    observed: Mapping[str, str] = field(default_factory=dict)


def response_types(situation: Situation) -> Iterator[frozenset[str]]:
    """Yield the response types, as sets of words, that metadata list or clients are set up for."""
    for value in texts(situation.metadata.get("response_types_supported")):
        yield frozenset(value.split())
    for client in situation.profile.clients.values():
        yield from (frozenset(value.split()) for value in client.response_types)


def texts(value: Any) -> tuple[str, ...]:
    """Return the text elements of a list; none for anything else."""
    if not isinstance(value, list | tuple):
        return ()
    return tuple(one for one in value if isinstance(one, str))
