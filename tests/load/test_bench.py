"""What the benchmarks of the load generator hold it against."""

import random
import socket
import subprocess
import sys
import time
from itertools import accumulate
from pathlib import Path

import pytest
from loadtests.bench import single
from loadtests.bench.theory import (
    highest_rate,
    nearest_rank,
    quantile,
    sojourns,
    waits_at_most,
)

REQUEST = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"


@pytest.mark.parametrize("load", [0.1, 0.6, 0.95])
def test_nobody_waits_where_the_queue_is_empty(load: float) -> None:
    assert waits_at_most(0.0, load, 1.0) == pytest.approx(1 - load)
    assert waits_at_most(-0.1, load, 1.0) == 0
    assert waits_at_most(100.0, load, 1.0) == pytest.approx(1, abs=1e-4)


def test_the_mean_wait_is_that_of_pollaczek_and_khinchine() -> None:
    step, rate, service = 0.05, 0.3, 2.0
    mean = sum((1 - waits_at_most((n + 0.5) * step, rate, service)) * step for n in range(1000))

    assert mean == pytest.approx(rate * service**2 / 2 / (1 - rate * service), rel=1e-4)


def test_a_long_queue_on_paper_has_the_percentiles_of_the_theory() -> None:
    chance = random.Random(3)  # noqa: S311 -- arrivals, repeatable
    arrivals = list(accumulate(chance.expovariate(0.6) for _ in range(100_000)))
    times = list(sojourns(arrivals, 1.0))

    assert nearest_rank(95, times) == pytest.approx(quantile(95, 0.6, 1.0), rel=0.04)
    assert nearest_rank(99, times) == pytest.approx(quantile(99, 0.6, 1.0), rel=0.06)


@pytest.mark.parametrize(("limit", "service"), [(20.0, 2.0), (20.0, 1.0), (250.0, 2.0)])
def test_at_the_highest_rate_the_percentile_is_the_limit(limit: float, service: float) -> None:
    rate = highest_rate(99, limit, service)

    assert waits_at_most(limit - service, rate, service) == pytest.approx(0.99)
    assert waits_at_most(limit - service, rate * 1.01, service) < 0.99


def test_each_arrival_waits_for_those_before_it() -> None:
    assert list(sojourns([0, 1, 2, 30], 5)) == [5, 9, 13, 5]
    assert [nearest_rank(percent, [4, 1, 3, 2]) for percent in (25, 50, 99)] == [1, 2, 4]


@pytest.mark.parametrize(("length", "whole"), [(len(REQUEST), True), (40, False), (9, False)])
def test_the_single_queue_knows_the_end_of_a_request(length: int, *, whole: bool) -> None:
    assert single.is_whole(REQUEST[:length]) == whole


def test_the_single_queue_serves_one_at_a_time_and_ends_with_its_input() -> None:
    command = [sys.executable, str(Path(single.__file__)), "20"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        port = int(server.stdout.readline())
        peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        began = time.perf_counter()
        for peer in peers:
            peer.sendall(REQUEST[:30])
            peer.sendall(REQUEST[30:])
        times = []
        for peer in peers:
            with peer:
                assert peer.recv(65_536) == single.ANSWER
                times.append(time.perf_counter() - began)
        server.stdin.close()
        ended = server.wait(10)

    assert ended == 0
    assert all(took >= 0.02 * place for place, took in enumerate(sorted(times), 1))
