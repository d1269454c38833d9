"""The generated examples of a trace, one by one, and the first that breaks a claim.

A property's probe leaves its controls, then examples whose steps are called `NUMBER/STEP`. The same
claim guides the search (idprobe.searching) and judges what it left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from idprobe.errors import EvidenceError
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.answers import Flaw

__all__ = ["Claim", "Example", "examples_of", "first_flaw"]


@dataclass(frozen=True, slots=True)
class Example:
    """One generated example in a trace."""

    trace: Trace
    number: int

    def __getitem__(self, step: str) -> Exchange:
        """Return the last exchange of a step of this example; raises EvidenceError if none."""
        return self.trace[f"{self.number}/{step}"]

    def __contains__(self, step: object) -> bool:
        return f"{self.number}/{step}" in self.trace

    def __iter__(self) -> Iterator[Exchange]:
        prefix = f"{self.number}/"
        return (one for one in self.trace.exchanges if one.step.startswith(prefix))

    @property
    def last(self) -> Exchange:
        """The exchange sent last, the experiment itself; raises EvidenceError without one."""
        exchanges = list(self)
        if not exchanges:
            raise EvidenceError(f"example {self.number} of {self.trace.probe} sent nothing")
        return self.trace[exchanges[-1].step]


Claim = Callable[[Example], Flaw | None]
"""Says what is wrong with an example, None if nothing; EvidenceError if it cannot tell."""


def examples_of(trace: Trace) -> list[Example]:
    """Return the examples of a trace in the order in which they were kept."""
    heads = (exchange.step.partition("/")[0] for exchange in trace.exchanges)
    return [Example(trace, int(number)) for number in dict.fromkeys(heads) if number.isdecimal()]


def first_flaw(trace: Trace, claim: Claim) -> Flaw | None:
    """Return what is wrong with the first example that breaks a claim, None if none does.

    Raises EvidenceError where no example breaks it and one cannot tell, or where there is none.
    """
    examples = examples_of(trace)
    if not examples:
        raise EvidenceError(f"{trace.probe} tried no example")
    doubt: EvidenceError | None = None
    for example in examples:
        try:
            flaw = claim(example)
        except EvidenceError as error:
            doubt = doubt or error
            continue
        if flaw:
            return flaw
    if doubt is not None:
        raise doubt
    return None
