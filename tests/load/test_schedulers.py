"""Arrivals that never look at answers: what a server that stalls, resets or is gone looks like."""

import errno
import itertools
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from idprobe.errors import EvidenceError
from idprobe.load.callers import Caller
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine import connections
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.transport import Transport
from idprobe.load.engine.unpatched import unpatched
from idprobe.load.measure.recording import UNFINISHED, UNSENT, Recording
from idprobe.load.run import worker
from idprobe.load.run.budget import parse_budget
from idprobe.load.run.plan import Closed, Model, Open, Plan
from idprobe.load.run.result import LoadResult
from idprobe.load.run.worker import LoadWorker
from idprobe.model.exchange import Request
from idprobe.model.profile import Client, Limits, Profile, Role

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

HALF = "the response breaks HTTP: closed before the response was complete"
LATE = "no complete response within 1 s"

Talk = Callable[[socket.socket], None]


class Getter(Caller):
    """Gets the issuer's address, over and over."""

    def iterate(self) -> LoadFlow:
        yield Request.get(self.provider.issuer)


def failing_to_connect(number: int) -> Callable[[str, str], Any]:
    """Return what gives the engine sockets that cannot connect, for a reason of this host."""

    class Socket(socket.socket):
        def connect_ex(self, _address: object, /) -> int:
            return number

    return lambda module, name: Socket if name == "socket" else unpatched(module, name)


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """Serve each connection by a function, in a thread of its own."""

    def serve(peer: socket.socket) -> None:
        with peer:
            try:
                talk(peer)
            except OSError:
                return

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def context_of(url: str, exchange_s: float = 5.0) -> LoadContext:
    client = Client("service", "service", "secret", roles=frozenset({Role.SERVICE}))
    limits = Limits(exchange_s=exchange_s)
    profile = Profile("t", "t.toml", url, limits=limits, clients={"service": client})
    return LoadContext(profile, {}, Transport(profile))


def recorded(
    url: str, model: Model, duration_s: float = 1.0, exchange_s: float = 5.0, warm_up_s: float = 0.0
) -> Recording:
    """Return what one run in this thread records."""
    work = LoadWorker(context_of(url, exchange_s), Getter, Plan(model, duration_s, warm_up_s))
    if isinstance(model, Closed):
        work.join_one(model.users)
    work.run()
    return work.recording


def result_of(recording: Recording, budget: str) -> LoadResult:
    now, plan = datetime.now(UTC), Plan(Open(40), 1.0)
    return LoadResult("s", "t", "http://127.0.0.1", now, plan, parse_budget(budget), recording)


def answering(peer: socket.socket) -> None:
    while peer.recv(65_536):
        peer.sendall(OK)


def answering_after(delay_s: float) -> Talk:
    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            time.sleep(delay_s)
            peer.sendall(OK)

    return talk


def reset(peer: socket.socket) -> None:
    peer.recv(65_536)
    # closing without waiting for anything that is still to be sent: a reset
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half(peer: socket.socket) -> None:
    peer.recv(65_536)
    peer.sendall(OK[:-1])


def silent(peer: socket.socket) -> None:
    while peer.recv(65_536):
        pass


def test_every_arrival_of_the_schedule_is_sent_and_counted() -> None:
    with talking(answering) as url:
        recording = recorded(url, Open(200), warm_up_s=0.5)

    assert (recording.scheduled, recording.succeeded, recording.doubt) == (200, 200, None)
    assert (recording.warm_up_scheduled, recording.warm_up_ended) == (100, 100)
    assert (recording.latency.count, recording.service.count, recording.slip.count) == (200,) * 3
    assert sum(window.began for window in recording.windows) == 300
    (worker,) = recording.workers
    assert 0 < worker.busiest < 1
    assert worker.cpu > 0
    assert Recording.from_dict(recording.to_dict()).workers == [worker]


def test_where_answers_are_few_it_is_known_of_most_how_late_they_were_read() -> None:
    with talking(answering_after(0.05)) as url:
        # several connections, of which not the first alone is looked at
        recording = recorded(url, Open(100))

    assert recording.succeeded == 100
    assert recording.lag.count >= 50


class Blocking(Getter):
    """Keeps its engine busy before it asks."""

    def iterate(self) -> LoadFlow:
        time.sleep(0.15)
        return super().iterate()


def test_an_answer_has_come_when_the_kernel_had_it_however_late_we_read_it() -> None:
    with talking(answering_after(0.1)) as url:
        # each is answered after 250 ms, when the next arrival keeps the engine busy until 350 ms
        work = LoadWorker(context_of(url), Blocking, Plan(Open(5), 3.0))
        work.run()

    latency, lag = (one.percentile(50) or 0 for one in (work.recording.latency, work.recording.lag))
    assert work.recording.succeeded == 15
    assert lag > 50e6
    assert 248e6 < latency < 320e6


def test_who_sets_the_clock_of_the_stamps_changes_no_latency(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = time.time_ns
    for change_ns in (3_600_000_000_000, -3_600_000_000_000):
        monkeypatch.setattr(time, "time_ns", lambda change_ns=change_ns: now_ns() + change_ns)
        with talking(answering_after(0.05)) as url:
            recording = recorded(url, Open(10))

        assert recording.succeeded == 10
        assert 0.05e9 <= (recording.latency.minimum or 0) <= (recording.latency.maximum or 0) < 1e9


def test_an_answer_in_pieces_has_come_with_its_last_one() -> None:
    def in_pieces(peer: socket.socket) -> None:
        while peer.recv(65_536):
            peer.sendall(OK[:-1])
            time.sleep(0.03)
            peer.sendall(OK[-1:])

    with talking(in_pieces) as url:
        recording = recorded(url, Open(20))

    assert recording.succeeded == 20
    assert (recording.latency.minimum or 0) >= 0.03e9
    assert recording.lag.count > 20


def test_an_arrival_is_waited_for_awake_at_the_end_of_a_wait_alone() -> None:
    with talking(answering) as url:
        work = LoadWorker(context_of(url), Getter, Plan(Open(100), 1.0))
        work.run()

    assert work.recording.succeeded == 100
    assert 0 < work.engine.spun_ns < 0.1 * 1e9


def test_a_stall_is_charged_with_every_arrival_that_it_delayed() -> None:
    started = time.monotonic()

    def stalling(peer: socket.socket) -> None:
        while peer.recv(65_536):
            since = time.monotonic() - started
            if 0.5 < since < 1.3:
                time.sleep(1.3 - since)
            peer.sendall(OK)

    with talking(stalling) as url:
        recording = recorded(url, Open(100, connections=4), duration_s=2.0)

    assert (recording.scheduled, recording.succeeded) == (200, 200)
    # the 80 arrivals of the stall, less those of its last tenth of a second, waited that long
    assert recording.latency.share_above(0.1e9) * 200 >= 65
    # a closed loop would have seen four
    assert recording.service.share_above(0.1e9) * 200 <= recording.latency.share_above(0.1e9) * 200
    assert recording.most_waiting > 0


def test_a_server_that_never_answers_is_charged_with_all_and_the_run_ends() -> None:
    with talking(silent) as url:
        recording = recorded(url, Open(50), exchange_s=1.0)

    assert (recording.scheduled, recording.succeeded, recording.doubt) == (50, 0, None)
    assert recording.failed == recording.latency.count == 50
    assert set(recording.failures) <= {LATE, UNFINISHED}
    assert (recording.latency.minimum or 0) > 0


def test_waiting_for_the_last_answers_costs_no_processor() -> None:
    def slow(peer: socket.socket) -> None:
        while peer.recv(65_536):
            time.sleep(2.5)
            peer.sendall(OK)

    with talking(slow) as url:
        recording = recorded(url, Open(5), duration_s=0.5)

    assert recording.succeeded == 3
    assert max(window.cpu for window in recording.windows) < 0.5


def test_who_spins_never_sleeps_and_has_not_worked_for_that() -> None:
    with talking(answering) as url:
        work = LoadWorker(context_of(url), Getter, Plan(Open(20), 1.0, spin=True))
        work.run()

    assert work.recording.succeeded == 20
    assert work.engine.spun_ns > 0.5 * 1e9
    assert sum(one.cpu * one.seconds for one in work.recording.windows) < 0.5


def test_a_server_that_is_not_there_fails_at_the_scheduled_rate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    recording = recorded(url, Open(100))

    assert dict(recording.failures) == {"connection refused": 100}
    assert recording.scheduled == 100
    assert recording.doubt is None


def test_a_server_that_closes_every_connection_after_some_requests_costs_no_failure() -> None:
    def brief(peer: socket.socket) -> None:
        for _ in range(7):
            peer.recv(65_536)
            peer.sendall(OK)

    with talking(brief) as url:
        recording = recorded(url, Closed(4))

    assert recording.failed == 0
    assert recording.succeeded > 7 * 4
    assert recording.reconnects > 0


def test_a_server_that_answers_half_and_closes_fails_each_time() -> None:
    with talking(half) as url:
        recording = recorded(url, Open(40))

    assert dict(recording.failures) == {HALF: 40}


@pytest.mark.parametrize(
    ("fault", "why"),
    [(reset, "connection broken off"), (half, HALF), (silent, LATE)],
    ids=["resets", "answers half", "is silent"],
)
def test_a_server_that_comes_back_is_served_again_and_every_failure_counts(
    fault: Talk, why: str
) -> None:
    connections = itertools.count()

    def recovering(peer: socket.socket) -> None:
        (fault if next(connections) < 20 else answering)(peer)

    with talking(recovering) as url:
        recording = recorded(url, Open(40), exchange_s=1.0)

    assert (recording.scheduled, recording.doubt) == (40, None)
    assert set(recording.failures) == {why}
    # more only where this machine is late itself
    assert 20 <= recording.failed < 40
    result = result_of(recording, "errors<1%")
    # how late this machine is decides whether it is void: test_validity.py
    assert result.exit_code == (1 if result.void is None else 4)


def test_handshakes_that_stall_fail_at_the_scheduled_rate() -> None:
    with talking(silent) as url:
        recording = recorded(url.replace("http:", "https:"), Open(40), exchange_s=1.0)

    assert (recording.scheduled, recording.succeeded, recording.doubt) == (40, 0, None)
    assert recording.failed == recording.latency.count == 40
    assert set(recording.failures) <= {LATE, UNFINISHED}
    # nobody waited for the handshake of another
    assert recording.most_connections > 5


def test_prepared_callers_take_turns() -> None:
    numbers: list[int] = []

    class Prepared(Getter):
        prepares = True

        def iterate(self) -> LoadFlow:
            numbers.append(self.number)
            yield from super().iterate()

    with talking(answering) as url:
        work = LoadWorker(context_of(url), Prepared, Plan(Open(40), 0.5, callers=4))
        work.run()

    assert work.recording.succeeded == 20
    assert {numbers.count(number) for number in range(4)} == {5}


@pytest.mark.parametrize("prepares", [False, True])
@pytest.mark.parametrize("name", ["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS"])
def test_a_host_that_cannot_open_connections_makes_the_run_void(
    monkeypatch: pytest.MonkeyPatch, name: str, *, prepares: bool
) -> None:
    class Prepared(Getter):
        def prepare(self) -> LoadFlow:
            yield from self.iterate()

    number = getattr(errno, name)
    monkeypatch.setattr(Prepared, "prepares", prepares)
    monkeypatch.setattr(connections, "unpatched", failing_to_connect(number))
    work = LoadWorker(context_of("http://127.0.0.1:1"), Prepared, Plan(Open(40), 0.1, callers=2))

    work.run()

    result = result_of(work.recording, "errors<1%")
    assert (work.refusal, result.exit_code) == (None, 4)
    assert os.strerror(number) in (result.void or "")
    assert result.to_dict()["generator"]["shortages"][name] > 0


def test_those_who_worked_last_conclude(monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []
    concluded: list[int] = []

    class Concluding(Getter):
        prepares = True

        def iterate(self) -> LoadFlow:
            yield from super().iterate()
            worked.append(self.number)

        def conclude(self) -> LoadFlow:
            concluded.append(self.number)
            yield from ()

    monkeypatch.setattr(worker, "MOST_CONCLUDING", 2)
    with talking(answering) as url:
        LoadWorker(context_of(url), Concluding, Plan(Open(40), 0.25, callers=4)).run()

    assert concluded == worked[:-3:-1]


def test_users_who_get_no_connection_rest_before_they_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    recording = recorded(url, Closed(2))

    assert 2 <= recording.failed <= 2 * (1.0 / 0.05 + 2)
    assert recording.succeeded == 0


def test_an_error_of_our_own_makes_the_run_void() -> None:
    class Broken(Getter):
        def iterate(self) -> LoadFlow:
            yield from super().iterate()
            raise ZeroDivisionError

    with talking(answering) as url:
        work = LoadWorker(context_of(url), Broken, Plan(Open(10), 60.0))
        work.run()

    assert "ZeroDivisionError" in (work.recording.doubt or "")


def test_arrivals_that_are_due_together_leave_room_for_answers_and_are_all_sent() -> None:
    with talking(answering) as url:
        recording = recorded(url, Open(50_000, connections=8), duration_s=0.02)

    assert (recording.scheduled, recording.succeeded, recording.doubt) == (1000, 1000, None)
    assert recording.most_waiting > 0


def test_arrivals_that_no_caller_came_to_are_failures_but_those_of_the_warm_up() -> None:
    with talking(silent) as url:
        recording = recorded(
            url, Open(40, connections=1), duration_s=0.3, exchange_s=0.3, warm_up_s=0.3
        )

    assert recording.warm_up_scheduled == recording.warm_up_ended == 12
    assert recording.scheduled == recording.failed == recording.latency.count == 12
    assert recording.failures[UNSENT] > 0
    assert recording.doubt is None


class Shy(Getter):
    """Cannot prepare itself at its first try, unless it is the first of all."""

    prepares = True
    preflight = 0

    def prepare(self) -> LoadFlow:
        self.preflight += 1
        if self.number and self.preflight == 1:
            raise EvidenceError("the login was refused")
        yield from super().iterate()


def test_a_user_who_cannot_log_in_has_failed_and_tries_again() -> None:
    with talking(answering) as url:
        work = LoadWorker(context_of(url), Shy, Plan(Closed(3), 0.5, callers=1))
        work.join_one(3)
        work.run()

    assert dict(work.recording.failures) == {"the login was refused": 2}
    assert work.recording.succeeded > 3
    assert work.refusal is None


def test_a_user_who_goes_begins_nothing_more() -> None:
    begun: list[int] = []
    leave = iter([-1])

    class Leaving(Getter):
        def iterate(self) -> LoadFlow:
            begun.append(self.number)
            yield from super().iterate()
            if len(begun) >= 20:
                work.join_one(next(leave, 0))

    with talking(answering) as url:
        work = LoadWorker(context_of(url), Leaving, Plan(Closed(2), 0.3))
        work.join_one(2)
        work.run()

    assert set(begun[:20]) == {0, 1}
    assert len(set(begun[22:])) == 1
    assert work.recording.failed == 0


def test_a_run_that_is_broken_off_is_void_and_concludes_nothing() -> None:
    concluded: list[int] = []

    class Stopping(Getter):
        def iterate(self) -> LoadFlow:
            yield from super().iterate()
            work.stop()

        def conclude(self) -> LoadFlow:
            concluded.append(self.number)
            yield from ()

    with talking(answering) as url:
        work = LoadWorker(context_of(url), Stopping, Plan(Open(20), 60.0))
        work.run()

    assert work.recording.doubt == "the run was stopped before its time"
    assert concluded == []


def test_iterations_of_the_warm_up_that_are_lost_make_a_run_void() -> None:
    recording = Recording(complete=True, scheduled=1, warm_up_scheduled=2)
    recording.ended(1, None)

    assert recording.doubt == "iterations of the warm-up were lost by the load generator"


def test_what_is_no_recording_is_refused() -> None:
    with pytest.raises(EvidenceError, match="this is no recording of a load run"):
        Recording.from_dict({})
