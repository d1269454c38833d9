"""What one probe left, and how a check reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange, Landing

__all__ = ["Notes", "Trace", "TraceReader"]


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """What one probe left: its exchanges in the order they were sent, and facts about secrets.

    `facts` maps a pseudonym such as `‹code-1›` to what is known of the secret behind it
    (see idprobe.evidence.har); it is empty until the trace has been redacted.
    """

    probe: str
    exchanges: tuple[Exchange, ...]
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    redacted: bool = False
    """Whether secrets have been replaced by pseudonyms; only such a trace is judged or written."""
    searched: Mapping[str, Any] = field(default_factory=dict)
    """What a search tried before it left these exchanges: examples, seed, how to try it again."""

    @property
    def last(self) -> Exchange:
        """The exchange sent last: in most probes the experiment itself."""
        if not self.exchanges:
            raise EvidenceError(f"the trace of {self.probe} is empty")
        return self._take(self.exchanges[-1])

    def _take(self, exchange: Exchange) -> Exchange:
        """Return an exchange that was asked for; a TraceReader notes it."""
        return exchange

    def decide(self, exchange: Exchange) -> None:
        """Say that an exchange decides what a check says; a TraceReader notes it."""

    def decide_by(self, steps: Sequence[str]) -> None:
        """Say that the first of these steps, if there is one, decides; each is in the trace."""
        if steps:
            self.decide(self._last_of(steps[0]))

    def remark(self, text: str) -> None:
        """Say what is worth reading where nothing is wrong; a TraceReader notes it."""

    def __getitem__(self, step: str) -> Exchange:
        """Return the last exchange of a step; raises EvidenceError if there is none."""
        return self._take(self._last_of(step))

    def _last_of(self, step: str) -> Exchange:
        for exchange in reversed(self.exchanges):
            if exchange.step == step:
                return exchange
        raise EvidenceError(f"the trace of {self.probe} has no step {step!r}")

    def __contains__(self, step: object) -> bool:
        return any(exchange.step == step for exchange in self.exchanges)

    def steps(self, step: str) -> tuple[Exchange, ...]:
        """Return the exchanges of a step and of what continues its name (`page/2` of `page`)."""
        return tuple(e for e in self.exchanges if e.step == step or e.step.startswith(f"{step}/"))

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)

    def __len__(self) -> int:
        return len(self.exchanges)

    @property
    def landing(self) -> Landing:
        """The authorization response of the last landing; raises EvidenceError without one."""
        for exchange in reversed(self.exchanges):
            if exchange.landing is not None:
                self._take(exchange)
                return exchange.landing
        raise EvidenceError(f"no authorization response reached a redirect_uri in {self.probe}")

    @property
    def landings(self) -> tuple[Landing, ...]:
        """All authorization responses, in order."""
        return tuple(e.landing for e in self.exchanges if e.landing is not None)

    @property
    def started_at(self) -> datetime:
        """When the first request was sent (aware, UTC)."""
        if not self.exchanges:
            raise EvidenceError(f"the trace of {self.probe} is empty")
        return self.exchanges[0].started_at

    def fact(self, pseudonym: object) -> Mapping[str, Any]:
        """Return what is known of the secret behind a pseudonym; EvidenceError if nothing."""
        found = self.facts.get(pseudonym) if isinstance(pseudonym, str) else None
        if found is None:
            raise EvidenceError(f"{self.probe} recorded no facts of that value")
        return found

    def __repr__(self) -> str:
        return f"<trace of {self.probe}: {len(self.exchanges)} exchanges>"


@dataclass(slots=True)
class Notes:
    """What one check read in its traces."""

    taken: list[Exchange] = field(default_factory=list)
    """The exchanges that it asked for by name, in order: what its judgement rests on."""
    deciding: Exchange | None = None
    """The one that it named by `decide`; None if it named none: then the one taken last decides."""
    remarks: list[str] = field(default_factory=list)
    """What is worth reading where nothing is wrong: how far a measurement reaches."""


@dataclass(frozen=True, slots=True, repr=False)
class TraceReader(Trace):
    """A trace as one check reads it: it notes what the check takes, decides by and remarks."""

    notes: Notes = field(default_factory=Notes, compare=False, repr=False)

    @classmethod
    def of(cls, trace: Trace, notes: Notes) -> Self:
        """Return a reader of a trace that writes into these notes."""
        parts = {part.name: getattr(trace, part.name) for part in fields(Trace)}
        return cls(**parts, notes=notes)

    def _take(self, exchange: Exchange) -> Exchange:
        self.notes.taken.append(exchange)
        return exchange

    def decide(self, exchange: Exchange) -> None:
        """Note that an exchange decides what the check says."""
        self.notes.deciding = exchange

    def remark(self, text: str) -> None:
        """Note what is worth reading where nothing is wrong."""
        self.notes.remarks.append(text)
