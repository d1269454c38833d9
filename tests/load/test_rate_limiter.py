"""[limits] of a profile and the caps of the tool hold for load, wherever it starts."""

import itertools
import socket
import struct
import time
from dataclasses import replace

import pytest
from tests.load.test_schedulers import OK, Getter, context_of, result_of, talking

from idprobe.errors import UsageError
from idprobe.load.callers import Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.rate_limiter import LIMIT_EXHAUSTED, RateLimiter
from idprobe.load.engine.transport import Transport
from idprobe.load.measure.merged import merged
from idprobe.load.run import worker
from idprobe.load.run.plan import Closed, Open, Plan
from idprobe.load.run.worker import LoadWorker, preflight
from idprobe.load.schedule.caps import Cost, enforce_limits
from idprobe.model.exchange import Request
from idprobe.model.profile import Limits, Profile

SECOND = 1_000_000_000


class LoggedIn(Getter):
    """Needs three requests before it begins, and two for an iteration."""

    prepares = True

    def prepare(self) -> LoadFlow:
        for _ in range(3):
            yield Request.get(self.provider.issuer)

    def iterate(self) -> LoadFlow:
        for _ in range(2):
            yield Request.get(self.provider.issuer)


class Counter:
    """A server that notes when each request came."""

    def __init__(self) -> None:
        self.came: list[float] = []

    def __call__(self, peer: socket.socket) -> None:
        while peer.recv(65_536):
            self.came.append(time.monotonic())
            peer.sendall(OK)

    def most_in_a_second(self) -> int:
        return max(sum(at <= one < at + 1 for one in self.came) for at in self.came)


def limited(url: str, limits: Limits) -> LoadContext:
    profile = replace(context_of(url).profile, limits=limits)
    return LoadContext(profile, {}, Transport(profile))


def worked(
    context: LoadContext, kind: type[Caller], plan: Plan | None, users: int = 0
) -> LoadWorker:
    work = LoadWorker(context, kind, plan)
    for _ in range(users):
        work.join_one(1)
    work.run()
    return work


@pytest.mark.parametrize("rate", [0.5, 3.0, 20.0, 999.0])
def test_no_more_leaves_than_a_second_s_worth_and_the_rate(rate: float) -> None:
    rate_limiter, now, sent = RateLimiter(rate, None), 5 * SECOND, 0

    while now < 105 * SECOND:
        wait = rate_limiter.wait_ns(now)
        sent, now = sent + (not wait), now + wait

    assert rate * 100 - 1 <= sent <= rate * 100 + max(1, rate) + 1


def test_arrivals_at_the_very_rate_do_not_wait() -> None:
    rate_limiter = RateLimiter(20.0, None)

    late = itertools.cycle([0, 300_000, 40_000_000, 7_000])
    waits = [rate_limiter.wait_ns(at * SECOND // 20 + next(late)) for at in range(20, 2000)]

    assert not any(waits)


def test_logins_before_load_keep_to_the_limit() -> None:
    server = Counter()
    with talking(server) as url:
        context = limited(url, Limits(requests_per_second=20))
        work = worked(context, LoggedIn, Plan(Open(1), 0.2, callers=16))

    assert work.recording.succeeded > 0
    # 48 of them: a second's worth at once, then 20 a second
    assert len(server.came) >= 48
    assert server.came[47] - server.came[0] >= 1.3
    assert server.most_in_a_second() <= 41
    assert work.recording.held_back == 0


def test_users_in_a_closed_loop_wait_their_turn_and_the_run_is_void() -> None:
    server = Counter()
    with talking(server) as url:
        work = worked(limited(url, Limits(30)), Getter, Plan(Closed(4), 1.0), users=4)

    # a second's worth, what comes in a second, and those who waited at the end
    assert len(server.came) <= 30 + 30 + 4
    assert work.recording.failed == 0
    assert work.recording.held_back > 0
    result = result_of(work.recording, "errors<1%")
    assert "requests had to wait, since [limits] of the profile" in (result.void or "")
    assert result.exit_code == 4
    assert merged([work.recording, work.recording]).held_back == 2 * work.recording.held_back


def test_a_closed_run_ends_before_it_sends_more_than_is_allowed() -> None:
    server = Counter()
    with talking(server) as url:
        work = worked(limited(url, Limits(max_requests=100)), Getter, Plan(Closed(4), 60), users=4)

    assert 80 <= len(server.came) <= 100
    assert work.recording.failed == 0
    assert work.recording.doubt == work.recording.stopped == LIMIT_EXHAUSTED


def test_a_run_that_needs_all_that_is_allowed_is_sound_and_one_that_needs_more_is_void() -> None:
    with talking(Counter()) as url:
        exact, beyond = (
            worked(limited(url, Limits(max_requests=most)), Getter, Plan(Open(40), 0.5)).recording
            for most in (20, 19)
        )

    assert (exact.succeeded, exact.stopped, exact.doubt) == (20, None, None)
    assert (beyond.succeeded, beyond.doubt) == (19, LIMIT_EXHAUSTED)


def test_what_is_sent_twice_counts_twice() -> None:
    came: list[bytes] = []

    def resetting_the_second(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        came.append(peer.recv(65_536))
        peer.sendall(OK)
        came.append(peer.recv(65_536))

    with talking(resetting_the_second) as url:
        work = worked(limited(url, Limits(max_requests=30)), Getter, Plan(Closed(1), 60), users=1)

    assert 20 <= len([one for one in came if one]) <= 30
    assert work.recording.reconnects >= 10


def test_a_closed_run_has_an_end_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_REQUESTS", 100)
    server = Counter()
    with talking(server) as url:
        work = worked(context_of(url), Getter, Plan(Closed(4), 60), users=4)

    assert 80 <= len(server.came) <= 100
    assert work.recording.doubt == LIMIT_EXHAUSTED


def test_workers_have_a_share_each() -> None:
    rate_limiter = RateLimiter.of(Limits(requests_per_second=20, max_requests=100), workers=4)

    assert rate_limiter is not None
    assert rate_limiter.left == 25
    assert [rate_limiter.wait_ns(SECOND) for _ in range(6)] == [0] * 5 + [SECOND // 5]
    assert RateLimiter.of(Limits()) is None


def test_users_whom_somebody_else_lets_come_are_as_many_as_may_be_at_work_at_once() -> None:
    with talking(Counter()) as url:
        work = LoadWorker(limited(url, Limits(concurrency=3, max_requests=200)), Getter, None)
        for _ in range(9):
            work.join_one(1)
        work.run()

    assert work.recording.most_connections == 3


def test_requests_of_an_iteration_are_counted_by_trying_one() -> None:
    with talking(Counter()) as url:
        context = context_of(url)
        preflight(context, LoggedIn)

    assert context.cost == Cost(prepare=3, iterate=2)


PROFILE = Profile("t", "acme.toml", "https://id.example")


@pytest.mark.parametrize(
    ("plan", "limits", "cost", "said"),
    [
        (Plan(Open(11), 1), Limits(20), Cost(0, 2), "at 2 requests each, is more than the 20"),
        (Plan(Open(11), 1), Limits(20), Cost(0, 2), r"requests_per_second = 22 under \[limits\]"),
        (Plan(Closed(5), 1), Limits(20, 4), Cost(), r"acme.toml: .* = 5 under \[limits\] there"),
        (Plan(Open(10), 9, 1, 2), Limits(max_requests=99), Cost(2, 1), "104 requests or more"),
        (Plan(Open(10), 9, 1, 2), Limits(max_requests=99), Cost(2, 1), "acme.toml allows 99"),
        (Plan(Open(10), 1, workers=4), Limits(max_requests=11), Cost(), "12 requests or more"),
        (Plan(Closed(3), 9), Limits(max_requests=10), Cost(3, 1), "12 requests or more"),
        (Plan(Open(2e6), 9), Limits(), Cost(), r"more than 1,000,000/s"),
        (Plan(Closed(20_001), 9), Limits(), Cost(), "more than 20,000"),
        (Plan(Open(1e5), 86_400), Limits(), Cost(), "a run has 1,000,000,000 at most"),
    ],
)  # fmt: skip
def test_what_goes_beyond_is_refused_in_one_sentence(
    plan: Plan, limits: Limits, cost: Cost, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        enforce_limits(plan, replace(PROFILE, limits=limits), cost)


def test_what_stays_within_is_not_refused_and_has_no_more_connections() -> None:
    profile = replace(PROFILE, limits=Limits(20, 4, max_requests=200))

    heeded = enforce_limits(Plan(Open(10), 10), profile, Cost(0, 2))

    assert heeded.model == Open(10, connections=4)
    enforce_limits(Plan(Closed(4), 10), profile)
