"""The search for a smallest failing example, within the effort of the run.

Hypothesis generates and shrinks; each example is tried on a wire aside, redacted as evidence is,
and judged by the property's claim. What is kept for the real judgement: the smallest example that
failed, or a few that did not, and the first that could not tell.
"""

import re
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from hypothesis import HealthCheck, Phase, given, reject, reproduce_failure, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import DidNotReproduce, Flaky, HypothesisException
from hypothesis.strategies import SearchStrategy

from idprobe.client.wire import Wire
from idprobe.errors import EvidenceError, IdprobeError, NoResponse
from idprobe.model.effort import Effort, Replay
from idprobe.model.exchange import Exchange
from idprobe.model.trace import Trace
from idprobe.reading.properties.examples import Claim, Example
from idprobe.redaction import Vault
from idprobe.searching.direct import Direct

__all__ = ["Search"]

T = TypeVar("T")

KEPT: Final = 5
"""So many examples that passed are left for the judge."""
TWICE: Final = 2
"""So often is one that fails tried: once more, as a server may answer now so, now differently."""
CHOICES: Final = re.compile(r"@reproduce_failure\('([^']+)', b'([^']+)'\)")

set_hypothesis_home_dir(Path.home() / ".cache" / "idprobe" / "hypothesis")


class _Falsified(AssertionError):
    """An example breaks the claim."""


class _Spent(BaseException):
    """The effort is spent and nothing has failed; no Exception, so that Hypothesis ends."""


class _Abandoned(BaseException):
    """The experiment cannot go on; no Exception, so that Hypothesis does not try to shrink it."""

    def __init__(self, error: IdprobeError) -> None:
        super().__init__(str(error))
        self.error: Final = error


@dataclass(slots=True, eq=False)
class Search(Generic[T]):
    """One search at one server."""

    name: str
    wire: Wire
    strategy: SearchStrategy[T]
    experiment: Callable[[Wire, T], Awaitable[None]]
    claim: Claim
    effort: Effort
    tried: int = 0
    shows: Callable[[Example], frozenset[str]] | None = None
    """What an example that passed shows; with it, those are kept that show something new."""
    parts: Callable[[T], Sequence[str]] | None = None
    """The parts of an example; with it, those are passed over that have more than one known."""
    is_clear: Callable[[Example], bool] | None = None
    """Whether an example is so plainly right that one like it need not be tried again."""
    clear: set[str] = field(default_factory=set)
    """Those that were, in earlier searches too."""
    falsified: Sequence[Exchange] = ()
    first: int = 0
    """The number of the example that failed first, 0 if none did."""
    replay: Replay | None = None
    _passed: list[Sequence[Exchange]] = field(default_factory=list)
    _shown: set[str] = field(default_factory=set)
    _doubtful: Sequence[Exchange] = ()
    _failures: dict[str, Sequence[Exchange]] = field(default_factory=dict)
    _parts: set[str] = field(default_factory=set)
    _told: Counter[str] = field(default_factory=Counter)
    _until: float | None = None

    async def run(self) -> None:
        """Try examples, and record those that are kept; raises EvidenceError for a fickle server.

        Raises what the experiment raises of its own: a control that failed, a client that is not
        there.
        """
        portal = Direct()
        try:
            await portal.work(lambda: self._search(portal))
        except _Abandoned as abandoned:
            raise abandoned.error from None
        finally:
            self._keep()

    def _keep(self) -> None:
        """Record what the judge will see, however the search ended: a spent budget, say."""
        passed = [*self._passed, self._doubtful]
        kept = [self.falsified, *(passed if self.shows else ())] if self.falsified else passed
        for exchanges in kept:
            for exchange in exchanges:
                self.wire.record(exchange)
        self.wire.searched = {
            "examples": self.tried,
            "seed": self.effort.seed,
            "reproduce": "" if self.replay is None else str(self.replay),
            "found": [self._finding()] if self.falsified else [],
        }

    def _finding(self) -> Mapping[str, Any]:
        """Return which example is the smallest that failed, the first that did, and the replay."""
        number = self.falsified[0].step.partition("/")[0]
        again = "" if self.replay is None else str(self.replay)
        return {"example": int(number), "first": self.first, "reproduce": again}

    def _search(self, portal: Direct) -> None:
        """Let Hypothesis generate, and shrink what fails; runs in the thread."""

        def one(example: T) -> None:
            if self._is_stale(example):
                reject()
            self._judge(repr(example), lambda: portal.wait_for(self._try(example)))

        test = self._settled(given(self.strategy)(one))
        try:
            test()
        except _Falsified as failure:
            self._remember(failure)
        except Flaky:
            raise EvidenceError(
                f"{self.name}: the server answers the same example now so, now differently"
            ) from None
        except (DidNotReproduce, _Spent):
            return  # nothing failed, which is what the judge will see
        except HypothesisException as error:
            raise EvidenceError(f"{self.name}: {error}") from None

    def _is_stale(self, example: T) -> bool:
        """Return whether an example only varies one before; Hypothesis makes five of each it drew.

        That is no use where each part has room for much. What fails is shrunk by varying it.
        """
        if self.parts is None or self._failures or self.effort.replay is not None:
            return False
        parts = self.parts(example)
        known = [one for one in parts if one in self._parts]
        self._parts.update(parts)
        return len(known) > 1

    def _settled(self, test: Callable[[], None]) -> Callable[[], None]:
        """Return the test with all settings made here, none by the environment."""
        chosen = settings(
            max_examples=self.effort.examples,
            phases=(Phase.explicit, Phase.generate, *([Phase.shrink] * self.effort.shrinks)),
            database=None,
            deadline=None,
            derandomize=False,
            print_blob=True,
            report_multiple_bugs=False,
            backend="hypothesis",
            suppress_health_check=list(HealthCheck),
        )
        replayed = self.effort.replay
        if replayed is not None:
            return reproduce_failure(replayed.version, replayed.choices.encode())(chosen(test))
        number = zlib.crc32(f"{self.effort.seed}/{self.name}".encode())
        return seed(number)(chosen(test))

    def _remember(self, failure: BaseException) -> None:
        """Keep how the smallest example can be tried again."""
        found = CHOICES.search("\n".join(getattr(failure, "__notes__", ())))
        if found is not None:
            self.replay = Replay(self.name, found[1], found[2])
        else:  # an example that is tried again is not printed once more
            self.replay = self.effort.replay

    def _judge(self, key: str, attempt: Callable[[], Sequence[Exchange]]) -> None:
        """Try an example and raise _Falsified if it breaks the claim.

        Once the effort is spent nothing is sent: what is known to fail does so again, so that
        Hypothesis ends with the smallest so far; where nothing is, _Spent is raised.
        """
        if key in self.clear:
            return
        known = self._failures.get(key)
        is_sure = self.is_clear is not None and known is not None and self._told[key] >= TWICE
        if is_sure or self._is_spent():
            if not self._failures:
                raise _Spent
            if known is None:
                return
            exchanges = known
        else:
            exchanges = attempt()
            self.tried += 1
            self._told[key] += 1
            if not self._fails(key, exchanges):
                return
            self.first = self.first or self.tried
        self._failures[key] = self.falsified = exchanges
        raise _Falsified(self.name)

    def _is_spent(self) -> bool:
        """Return whether no more may be tried; the time runs from the first example on."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self.effort.seconds
        return self.tried >= self.effort.tries or now > self._until

    def _fails(self, key: str, exchanges: Sequence[Exchange]) -> bool:
        """Return whether an example breaks the claim, by the evidence as the judge will have it."""
        trace = Vault().redact(Trace(self.name, tuple(exchanges)))
        try:
            fails = bool(self.claim(Example(trace, self.tried)))
        except EvidenceError:
            self._doubtful = self._doubtful or exchanges
            return False
        if self.is_clear is not None and self.is_clear(Example(trace, self.tried)):
            self.clear.add(key)
        if not fails and self._is_telling(trace):
            self._passed.append(exchanges)
        return fails

    def _is_telling(self, trace: Trace) -> bool:
        """Return whether an example that passed is worth keeping for the judge."""
        if self.shows is None:
            return len(self._passed) < KEPT
        new = self.shows(Example(trace, self.tried)) - self._shown
        self._shown |= new
        return bool(new)

    async def _try(self, example: T) -> Sequence[Exchange]:
        """Return the exchanges of one example, named by its number; nothing else sees them."""
        aside, number = self.wire.aside(), self.tried + 1
        try:
            with suppress(NoResponse):  # to say nothing is an answer too, and the claim sees it
                await self.experiment(aside, example)
        except IdprobeError as error:
            for exchange in aside.exchanges:
                self.wire.record(exchange)
            raise _Abandoned(error) from None
        finally:
            aside.hang_up()
        return [replace(one, step=f"{number}/{one.step}") for one in aside.seen]
