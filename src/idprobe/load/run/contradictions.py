"""Options of `idprobe load` that mean nothing beside each other, which are refused, not ignored."""

from collections.abc import Mapping
from typing import Final

from idprobe.errors import UsageError

__all__ = ["refuse_contradictions"]

_SCHEDULE: Final = ("rate", "users", "arrivals", "seed", "duration", "soak", "warm_up")
_SHAPE: Final = (
    *(*_SCHEDULE, "connections", "callers", "workers"),
    *("server_pid", "server_metrics", "spin"),
)
_OF_A_SEARCH: Final = ("objective", "search_time", "search_requests")
_JUDGED: Final = ("budget", *_OF_A_SEARCH, "search", "repeat", "against")
_RESULTS: Final = ("metrics_port", "output", "overwrite", "as_json")

_SET_ELSEWHERE: Final = (*_SHAPE, *_JUDGED, *_RESULTS)
_IDLE: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "web": ((*_SET_ELSEWHERE, "master", "worker_of"), "Locust's page says how much load there is"),
    "worker_of": ((*_SET_ELSEWHERE, "master", "clean"), "the master says what is to be done"),
    "search": (
        ("rate", "users", "repeat", "against", "soak", "master"),
        "a search makes many runs here, at rates of its own",
    ),
    "master": (("repeat", "against"), "workers on other hosts leave after one run"),
    "users": (
        ("arrivals", "seed", "connections", "callers"),
        "each of the users waits for an answer before asking again",
    ),
    "objective": (("budget",), "they are two names of one thing"),
}
"""What each option leaves no room for, and why."""


def refuse_contradictions(given: Mapping[str, str]) -> None:
    """Raise UsageError for an option that another makes pointless.

    `given` has what stands on the command line: the name of each parameter, and how it is written.
    """
    for mode, (idle, because) in _IDLE.items():
        pointless = next((name for name in idle if name in given), None)
        if mode in given and pointless is not None:
            raise UsageError(
                f"{given[pointless]} has no effect beside {given[mode]}, since {because}: leave "
                f"one of them out"
            )
    lonely = next((name for name in _OF_A_SEARCH if name in given), None)
    if lonely is not None and "search" not in given:
        raise UsageError(f"{given[lonely]} has no effect without --search: add it, or use --budget")
