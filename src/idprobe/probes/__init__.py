"""Experiments, a module per endpoint; each `@probe` leaves one trace.

A probe asserts nothing. Its controls go through `wire.run`, which raises when they fail; the
experiment goes through `wire.send`, which takes any answer.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from inspect import getdoc
from types import MappingProxyType

from idprobe.client.wire import Wire
from idprobe.model.profile import Capability, Role

__all__ = ["Depth", "Probe", "Safety", "all_probes", "probe"]

Experiment = Callable[[Wire], Awaitable[None]]


class Depth(IntEnum):
    """How long a run may take: seconds, minutes, or as long as it needs."""

    QUICK = 1
    FULL = 2
    DEEP = 3


class Safety(IntEnum):
    """What a run may do to a server: read, use it as clients do, or press it hard."""

    PASSIVE = 1
    NORMAL = 2
    INTRUSIVE = 3


@dataclass(frozen=True, slots=True)
class Probe:
    """An experiment and what it takes.

    `role` is the client that `wire.provider` acts as (None: no client is needed), `others` are the
    further clients that it uses, `logs_in` says that a user goes through the login pages.
    """

    name: str
    summary: str
    experiment: Experiment
    role: Role | None
    others: tuple[Role, ...]
    needs: frozenset[Capability]
    logs_in: bool
    exclusive: bool
    safety: Safety
    depth: Depth
    searches: bool
    """Whether it generates its requests, as much of them as the run's effort allows."""


_REGISTERED: dict[str, Probe] = {}


def probe(  # noqa: PLR0913 -- each is a keyword that a probe's head names
    *,
    role: Role | None = None,
    others: Iterable[Role] = (),
    needs: Iterable[Capability] = (),
    logs_in: bool = False,
    exclusive: bool = False,
    safety: Safety = Safety.NORMAL,
    depth: Depth = Depth.QUICK,
    searches: bool = False,
) -> Callable[[Experiment], Experiment]:
    """Register an experiment under its function's name; a check asks for it by that name."""

    def register(experiment: Experiment) -> Experiment:
        name = experiment.__name__
        known = _REGISTERED.get(name)
        if known is not None and known.experiment.__module__ != experiment.__module__:
            raise ValueError(f"two probes are called {name}")
        summary = (getdoc(experiment) or "").partition("\n")[0]
        _REGISTERED[name] = Probe(
            name,
            summary,
            experiment,
            role,
            tuple(others),
            frozenset(needs),
            logs_in,
            exclusive,
            safety,
            depth,
            searches,
        )
        return experiment

    return register


@cache
def all_probes() -> Mapping[str, Probe]:
    """Return every probe of this package by its name."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return MappingProxyType(_REGISTERED)
