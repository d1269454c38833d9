"""The open loop in virtual time: what a stalling server looks like from the outside."""

import heapq
import itertools
from collections.abc import Callable
from statistics import mean

import pytest
from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]  # ships none

from idprobe.load.histogram import Histogram
from idprobe.load.schedule import Arrivals, OpenLoop, Spacing

MS = 1_000_000


class VirtualHands:
    """The hands of an OpenLoop in simulated time: a minute of load takes no waiting.

    greenlet only switches stacks; unlike gevent and Locust it patches nothing.
    """

    def __init__(self) -> None:
        self.clock_ns = 1_000
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, greenlet]] = []
        self._hub = greenlet(self._turn)

    def now_ns(self) -> int:
        return self.clock_ns

    def sleep(self, seconds: float) -> None:
        self._wake_at(self.clock_ns + round(seconds * 1e9), getcurrent())
        self._hub.switch()

    def spawn(self, work: Callable[[], None]) -> None:
        self._wake_at(self.clock_ns, greenlet(work, self._hub))

    def _wake_at(self, at_ns: int, sleeper: greenlet) -> None:
        heapq.heappush(self._sleepers, (at_ns, next(self._order), sleeper))

    def _turn(self) -> None:
        while self._sleepers:
            at_ns, _, sleeper = heapq.heappop(self._sleepers)
            self.clock_ns = max(self.clock_ns, at_ns)
            sleeper.switch()


def test_constant_arrivals_come_evenly_and_stop_before_the_end() -> None:
    assert list(Arrivals(4, 1).offsets_ns()) == [0, 250 * MS, 500 * MS, 750 * MS]


def test_poisson_arrivals_have_the_rate_and_repeat_with_their_seed() -> None:
    arrivals = Arrivals(500, 20, Spacing.POISSON, seed=7)
    offsets = list(arrivals.offsets_ns())
    gaps = [after - before for before, after in itertools.pairwise(offsets)]

    assert list(arrivals.offsets_ns()) == offsets
    assert offsets == sorted(offsets)
    assert offsets[-1] < 20e9
    assert mean(gaps) == pytest.approx(2 * MS, rel=0.05)


def test_a_long_schedule_does_not_drift() -> None:
    offsets = list(Arrivals(3, 1000).offsets_ns())

    assert len(offsets) == 3000
    assert offsets[-1] == round(2999 * 1e9 / 3)


class Simulated:
    """A server with one queue: 1 ms each, but it stands still from 1 s to 2 s."""

    def __init__(self, hands: VirtualHands) -> None:
        self.hands = hands
        self.latency = Histogram()
        self.service = Histogram()
        self._free_at_ns = 0

    def serve(self, intended_ns: int) -> None:
        begun = self.hands.now_ns()
        start = max(begun, self._free_at_ns)
        if 1_000 * MS <= start < 2_000 * MS:
            start = 2_000 * MS
        self._free_at_ns = start + MS
        self.hands.sleep((self._free_at_ns - begun) / 1e9)
        self.latency.record(self.hands.now_ns() - intended_ns)
        self.service.record(self.hands.now_ns() - begun)


def test_a_stall_shows_in_latency_from_the_intended_time_even_when_connections_run_out() -> None:
    hands = VirtualHands()
    server = Simulated(hands)
    loop = OpenLoop(hands, server.serve, bound=4)

    unsent = loop.run(Arrivals(200, 10), patience_s=10)

    # a tenth of the arrivals fell into the stall: those waited half a second on average
    assert unsent == ()
    assert (loop.scheduled, server.latency.count) == (2000, 2000)
    assert (server.latency.percentile(80) or 0) < 3 * MS
    assert (server.latency.percentile(95) or 0) > 450 * MS
    assert (server.latency.percentile(99.9) or 0) > 950 * MS
    # what a closed loop would have reported: four slow ones of two thousand
    assert (server.service.percentile(99) or 0) < 10 * MS
    assert loop.most_waiting > 150


def test_the_loop_grows_to_its_bound_and_never_waits_for_answers() -> None:
    hands = VirtualHands()
    begun: list[int] = []

    def hang(_intended_ns: int) -> None:
        begun.append(hands.now_ns())
        hands.sleep(60)

    loop = OpenLoop(hands, hang, bound=3)
    start = hands.now_ns()

    unsent = loop.run(Arrivals(10, 1), patience_s=5)

    assert len(begun) == 3
    assert [at - start for at in unsent] == [at * 100 * MS for at in range(3, 10)]
    assert hands.now_ns() - start == pytest.approx(6e9, rel=0.01)


def test_an_error_in_the_engine_ends_the_loop_and_is_kept() -> None:
    hands = VirtualHands()

    def broken(_intended_ns: int) -> None:
        raise ZeroDivisionError

    loop = OpenLoop(hands, broken, bound=3)

    loop.run(Arrivals(10, 60), patience_s=5)

    assert isinstance(loop.fault, ZeroDivisionError)
    assert loop.scheduled < 3


def test_slip_tells_how_late_the_loop_itself_was() -> None:
    hands = VirtualHands()

    def hog(_intended_ns: int) -> None:
        hands.clock_ns += 250 * MS  # computes, and lets nobody else work

    loop = OpenLoop(hands, hog, bound=1)

    loop.run(Arrivals(10, 1), patience_s=5)

    assert loop.scheduled == 10
    assert (loop.slip.maximum or 0) >= 150 * MS
