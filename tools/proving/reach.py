"""Which experiments a mutant can change at all: the rest need not be made against it.

One run against the sound server notes which of its decisions each probe reaches. Where such a
decision changes nothing the server remembers, every mutant of it is asked as well, with the same
arguments and the same memory: if it would have answered the same whenever a probe asked, then the
probe sees no difference. What cannot be told so counts as changed.
"""

import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.responses import Response

from idprobe.observe.experiment import ACTING, Experimenter
from idprobe.observe.keyring import Keyring
from idprobe.observe.observer import Observer
from idprobe.probes import Probe
from idprobe_reference.mutants import MutantInfo
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import (
    AccessToken,
    Code,
    Grant,
    RefreshToken,
    Session,
    Store,
    Throttle,
)

__all__ = ["BUILDING", "Reach", "Watched", "Watcher", "overridden"]

BUILDING: Final = "(building the server)"
ANY: Final = "*"
_ASKING: ContextVar[bool] = ContextVar("asking", default=False)
_RECORDS: Final = (AccessToken, Code, Grant, RefreshToken, Session)
_CHANGING: Final = (
    (Store, "put"),
    (Store, "pop"),
    (Throttle, "failed"),
    (Throttle, "succeeded"),
    *((record, "__setattr__") for record in _RECORDS),
)


class _Changed(BaseException):
    """A decision that was asked for its answer alone would have changed the server's memory."""


@dataclass(slots=True)
class Reach:
    """What one run against the sound server found out."""

    changed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The probes that see a difference, by the name of the mutant."""
    readers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The probes that read a member of the metadata, by its name."""
    verifying: set[str] = field(default_factory=set)
    """The probes whose evidence has tokens that the server's keys verify."""


def overridden(mutant: MutantInfo) -> frozenset[str]:
    """Return the members of the sound server that a mutant has its own of."""
    ancestry = mutant.server_class.__mro__
    bent = ancestry[: ancestry.index(ReferenceServer)]
    own = {name for one in bent for name in vars(one)}
    return frozenset(own & set(dir(ReferenceServer)) - set(dir(object))) | (
        frozenset({"__init__"}) & own
    )


class Watcher:
    """Makes servers that note, for each mutant, which probes see a difference."""

    def __init__(self, mutants: Iterable[MutantInfo]) -> None:
        self.reach: Final = Reach()
        self._changes = 0
        self._by_member: dict[str, list[MutantInfo]] = defaultdict(list)
        for mutant in mutants:
            for name in overridden(mutant):
                self._by_member[name].append(mutant)

    def server_class(self) -> type[ReferenceServer]:
        """Return a sound server that notes what it is asked."""
        members: dict[str, Any] = {}
        for name in self._by_member:
            found = inspect.getattr_static(ReferenceServer, name)
            if inspect.iscoroutinefunction(found):
                members[name] = self._noting(name, found)
            elif inspect.isfunction(found) and name != "__init__":
                members[name] = self._comparing(name, found)
        return type("WatchedServer", (ReferenceServer,), members)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note what changes the memory of servers, for as long as the context lasts."""
        originals = [(owner, name, getattr(owner, name)) for owner, name in _CHANGING]
        for owner, name, original in originals:
            setattr(owner, name, self._changing(original))
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Let what is asked for now count as asked for by the making of a server."""
        token = ACTING.set(BUILDING)
        try:
            yield
        finally:
            ACTING.reset(token)

    def _changing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def change(*arguments: Any, **named: Any) -> Any:
            if _ASKING.get():
                raise _Changed
            self._changes += 1
            return original(*arguments, **named)

        return change

    def _open(self, member: str) -> list[MutantInfo]:
        """Return the mutants of a member that the probe at work is not known to tell apart."""
        acting = ACTING.get()
        changed = self.reach.changed
        return [one for one in self._by_member[member] if acting not in changed[one.name]]

    def _note(self, mutants: Iterable[MutantInfo]) -> None:
        acting = ACTING.get()
        for mutant in mutants:
            self.reach.changed[mutant.name].add(acting)

    def _noting(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def decide(server: ReferenceServer, *arguments: Any, **named: Any) -> Any:
            self._note(self._open(name))
            return await original(server, *arguments, **named)

        return decide

    def _comparing(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def decide(server: ReferenceServer, *arguments: Any, **named: Any) -> Any:
            still_open = self._open(name)
            before = self._changes
            ours = _answer(functools.partial(original, server, *arguments, **named))
            if self._changes != before:
                self._note(still_open)
            else:
                for mutant in still_open:
                    theirs = _asked(mutant, server, name, arguments, named)
                    if not _same(ours, theirs):
                        self._note([mutant])
            return ours.given()

        return decide


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a decision returned or raised."""

    value: Any = None
    error: BaseException | None = None

    def given(self) -> Any:
        """Return or raise it."""
        if self.error is not None:
            raise self.error
        return self.value


def _answer(decision: Callable[[], Any]) -> _Answer:
    try:
        return _Answer(decision())
    except (Exception, _Changed) as error:  # noqa: BLE001 -- whatever it is, it is compared and raised again
        return _Answer(error=error)


def _asked(
    mutant: MutantInfo,
    server: ReferenceServer,
    name: str,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
) -> _Answer:
    """Return what a mutant with the memory of this server would have answered."""
    other = object.__new__(mutant.server_class)
    other.__dict__ = server.__dict__
    held = dict(server.__dict__)
    token = _ASKING.set(True)
    try:
        found = _answer(functools.partial(getattr(other, name), *arguments, **named))
    finally:
        _ASKING.reset(token)
    if server.__dict__.keys() != held.keys() or any(
        server.__dict__[key] is not value for key, value in held.items()
    ):
        server.__dict__.clear()
        server.__dict__.update(held)
        return _Answer(error=_Changed())
    return found


def _same(ours: _Answer, theirs: _Answer) -> bool:
    if ours.error is not None or theirs.error is not None:
        return (
            type(ours.error) is type(theirs.error)
            and not isinstance(theirs.error, _Changed)
            and vars(ours.error) == vars(theirs.error)
            and str(ours.error) == str(theirs.error)
        )
    if isinstance(ours.value, Response) and type(ours.value) is Response:
        return _shown(ours.value) == _shown(theirs.value)
    return type(ours.value) is type(theirs.value) and bool(ours.value == theirs.value)


def _shown(response: object) -> object:
    if not isinstance(response, Response):
        return None
    return response.status_code, response.raw_headers, bytes(response.body)


class _Noted(dict[str, Any]):
    """Server metadata that note who reads which member."""

    def __init__(self, members: Mapping[str, Any], readers: dict[str, set[str]]) -> None:
        super().__init__(members)
        self._readers = readers

    def _note(self, name: object) -> None:
        self._readers[str(name)].add(ACTING.get())

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note(name)
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        self._note(ANY)
        return super().__iter__()

    def keys(self) -> Any:
        self._note(ANY)
        return super().keys()

    def items(self) -> Any:
        self._note(ANY)
        return super().items()

    def values(self) -> Any:
        self._note(ANY)
        return super().values()


class Watched(Observer):
    """An observer that says which probe is at work."""

    reach: Reach

    async def _meet(self, making: Experimenter, keyring: Keyring) -> None:
        await super()._meet(making, keyring)
        self.facts.metadata = _Noted(self.facts.metadata, self.reach.readers)
        verifier = self.vault.verifier

        def noting(token: str) -> Mapping[str, Any] | None:
            self.reach.verifying.add(ACTING.get())
            return verifier(token)

        self.vault.verifier = noting

    def _unfit(self, probe: Probe) -> str | None:
        token = ACTING.set(probe.name)
        try:
            return super()._unfit(probe)
        finally:
            ACTING.reset(token)
