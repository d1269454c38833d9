"""What a run is like while it goes on: the last seconds, for whoever watches."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from idprobe.errors import EvidenceError
from idprobe.load.measure.histogram import reliable
from idprobe.load.measure.windows import Window, merge_windows, merge_workers
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.quantities import shown_duration

__all__ = ["Seconds", "second_text", "shown_live"]

LAST: Final = 5
"""So many seconds are told of at a time."""
LINE_S: Final = 10.0
"""So often where nobody sees a terminal."""


def second_text(window: Window, failed: int) -> str:
    """Return a second, and how many iterations have failed so far, as text for `Seconds`."""
    members = window.to_dict() | {"kinds": {}}
    return json.dumps({"window": members, "failed": failed})


class Seconds:
    """The last seconds of each worker, which leaves its newest in a file."""

    def __init__(self, places: Sequence[Path], plan: Plan) -> None:
        self._places: Final = places
        self._plan: Final = plan
        self._last: Final[dict[Path, deque[Window]]] = {}
        self._failed: Final[dict[Path, int]] = {}

    def look(self) -> bool:
        """Read what there is; return whether anything is new."""
        return sum(self._read(place) for place in self._places) > 0

    def _read(self, place: Path) -> bool:
        try:
            document = json.loads(place.read_text(encoding="utf-8"))
            window, failed = Window.from_dict(document["window"]), int(document["failed"])
        except (OSError, ValueError, KeyError, TypeError, EvidenceError):
            # not there yet
            return False
        known = self._last.setdefault(place, deque(maxlen=LAST))
        if known and known[-1].at_s >= window.at_s:
            return False
        known.append(window)
        self._failed[place] = failed
        return True

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield the figures of the last seconds, of all workers together."""
        window = merge_windows(merge_workers(list(self._last.values())))
        ends_at, seconds = window.at_s + window.seconds, max(window.seconds, 1e-3)
        whole_s = self._plan.warm_up_s + self._plan.duration_s
        model = self._plan.model
        flat = isinstance(model, Open) and not model.ramp
        of = f" of {model.rate_per_s:g}/s" if isinstance(model, Open) and flat else ""
        phase = next(iter(self._last.values()))[-1].phase
        yield "time", f"{ends_at:.0f} s of {whole_s:g} s, {phase}"
        yield "begun", f"{window.began / seconds:.1f}/s{of}"
        yield "ended", f"{window.finished / seconds:.1f}/s"
        for percent in (50, 95, 99):
            value = reliable(window.latency, percent)
            told = "too few to tell" if value is None else shown_duration(value)
            yield f"p{percent}", f"{told} (last {seconds:.0f} s)"
        yield (
            "failed",
            f"{window.failed} (last {seconds:.0f} s), {sum(self._failed.values())} so far",
        )
        yield "in flight", str(window.in_flight)
        yield "begun late", f"at most {shown_duration(window.slip_ns or 0)}"


@contextmanager
def shown_live(seconds: Seconds, console: Console | None) -> Iterator[Callable[[], None]]:
    """Yield what to call now and then: it shows the figures of a run, once they are new.

    A terminal has a table that goes when the run is over, another console a line each ten seconds.
    """
    if console is None:
        yield lambda: None
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield lambda: live.update(_table(seconds), refresh=True) if seconds.look() else None
    else:
        yield _Lines(seconds, console).show


def _table(seconds: Seconds) -> Table:
    table = Table(show_header=False, box=None)
    for name, value in seconds.facts():
        table.add_row(name, value)
    return table


class _Lines:
    """The figures as a line each now and then."""

    def __init__(self, seconds: Seconds, console: Console) -> None:
        self._seconds: Final = seconds
        self._console: Final = console
        self._next_at = time.monotonic() + LINE_S

    def show(self) -> None:
        """Print a line, if it is time."""
        if self._seconds.look() and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + LINE_S
            line = ", ".join(f"{name} {value}" for name, value in self._seconds.facts())
            self._console.print(f"idprobe: {line}", soft_wrap=True, markup=False, highlight=False)
