"""The search for a smallest failing example, at a server that is a function."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, EvidenceError, UsageError
from idprobe.model.effort import Effort, Replay
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.profile import Client, Provider, bare_profile
from idprobe.reading.properties.encodings import flaw_not_granted
from idprobe.searching import Direct, Search

ISSUER = "https://idp.test"
GRANT = Response(200, (("Content-Type", "application/json"),), b'{"access_token": "a"}')
REFUSAL = Response(400, (("Content-Type", "application/json"),), b'{"error": "invalid_request"}')
BYTES = st.binary(max_size=20)


class Stub:
    """Sends requests to a function; keeps what was asked."""

    def __init__(self, answer: Callable[[bytes], Response | None]) -> None:
        self.answer = answer
        self.bodies: list[bytes] = []
        self.asked = asyncio.Event()

    async def send(self, request: Request, step: str) -> Exchange:
        await asyncio.sleep(0)
        self.bodies.append(request.body)
        self.asked.set()
        response = self.answer(request.body)
        failure = None if response is not None else "the exchange broke off"
        return Exchange(request, response, datetime.now(UTC), 1, step, failure)


def search_at(
    answer: Callable[[bytes], Response | None],
    effort: Effort,
    strategy: SearchStrategy[bytes] = BYTES,
) -> tuple[Search[bytes], Stub]:
    stub = Stub(answer)
    provider = Provider(bare_profile(ISSUER), {}, Client("c", "c"))
    wire = Wire(provider, cast("HttpSender", stub))
    return Search("prop", wire, strategy, ask, flaw_not_granted, effort), stub


async def ask(wire: Wire, body: bytes) -> None:
    await wire.send(Request("POST", ISSUER, b"/token", (), body), "asked")


def refusing_long(body: bytes) -> Response:
    return REFUSAL if len(body) > 3 else GRANT


def test_a_failing_example_is_shrunk_and_alone_is_kept() -> None:
    search, stub = search_at(refusing_long, Effort(examples=50))

    asyncio.run(search.run())

    assert [one.request.body for one in search.wire.exchanges] == [b"\x00" * 4]
    assert search.wire.searched["examples"] == len(stub.bodies)
    assert search.wire.exchanges[0].step.endswith("/asked")


def test_a_few_examples_that_passed_are_kept() -> None:
    search, stub = search_at(lambda _: GRANT, Effort(examples=20))

    asyncio.run(search.run())

    assert len(stub.bodies) == 20
    assert len(search.wire.exchanges) == 5
    assert search.wire.searched["reproduce"] == ""


def test_the_same_seed_tries_the_same_and_another_one_does_not() -> None:
    def tried(seed: int) -> list[bytes]:
        search, stub = search_at(lambda _: GRANT, Effort(examples=20, seed=seed))
        asyncio.run(search.run())
        return stub.bodies

    assert tried(1) == tried(1) != tried(2)


def test_what_was_plainly_right_is_not_tried_again() -> None:
    first_octet = st.binary(min_size=1, max_size=4).map(lambda octets: octets[:1])
    search, stub = search_at(lambda _: GRANT, Effort(examples=50), first_octet)
    search.is_clear = lambda _: True

    asyncio.run(search.run())

    assert len(stub.bodies) == len(set(stub.bodies)) == search.tried
    assert search.clear == {repr(body) for body in stub.bodies}


def test_an_example_that_only_varies_one_before_is_passed_over() -> None:
    def halves(body: bytes) -> list[str]:
        return [body[:4].hex(), body[4:].hex()]

    search, stub = search_at(lambda _: GRANT, Effort(examples=50), BYTES)
    search.parts = halves

    asyncio.run(search.run())

    known: set[str] = set()
    for body in stub.bodies:
        assert not known.issuperset(halves(body))
        known.update(halves(body))


def test_what_fails_is_shrunk_though_it_varies_one_before() -> None:
    search, _ = search_at(refusing_long, Effort(examples=50))
    search.parts = lambda body: [body[:1].hex(), body[1:2].hex()]
    search.is_clear = lambda example: example.last.answered.is_success

    asyncio.run(search.run())

    assert [one.request.body for one in search.wire.exchanges] == [b"\x00" * 4]
    found = search.wire.searched["found"]
    assert [one["reproduce"] for one in found] == [search.wire.searched["reproduce"]]


def test_an_effort_that_ends_while_shrinking_keeps_the_smallest_so_far() -> None:
    at_least_40 = st.binary(min_size=40, max_size=90)
    search, stub = search_at(lambda _: REFUSAL, Effort(examples=50, tries=3), at_least_40)

    asyncio.run(search.run())

    assert len(stub.bodies) == 3
    assert search.wire.exchanges[0].request.body in stub.bodies


def test_a_run_that_is_stopped_while_an_example_shrinks_keeps_the_smallest_so_far() -> None:
    def refusing_heavy(body: bytes) -> Response:
        return REFUSAL if sum(body) > 300 else GRANT

    search, stub = search_at(refusing_heavy, Effort(examples=50, tries=10_000))

    async def stopped() -> None:
        running = asyncio.create_task(search.run())
        while search.first == 0 or search.tried < search.first + 3:
            assert not running.done()
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(stopped())

    assert len(stub.bodies) <= search.tried + 1
    assert [one.answered for one in search.wire.exchanges] == [REFUSAL]
    assert search.wire.searched["found"]


def test_an_example_is_tried_again_from_what_is_shown() -> None:
    first, _ = search_at(refusing_long, Effort(examples=50))
    asyncio.run(first.run())
    shown = first.wire.searched["reproduce"]

    again, stub = search_at(refusing_long, Effort(replay=Replay.parse(shown)))
    asyncio.run(again.run())

    assert again.wire.exchanges[0].request.body == b"\x00" * 4
    assert again.wire.searched["reproduce"] == shown
    assert set(stub.bodies) == {b"\x00" * 4}


def test_an_example_that_passes_when_tried_again_is_kept_as_passing() -> None:
    first, _ = search_at(refusing_long, Effort(examples=50))
    asyncio.run(first.run())

    effort = Effort(replay=Replay.parse(first.wire.searched["reproduce"]))
    again, _ = search_at(lambda _: GRANT, effort)
    asyncio.run(again.run())

    assert [one.answered for one in again.wire.exchanges] == [GRANT]


def test_an_example_of_another_version_is_told_apart() -> None:
    search, _ = search_at(refusing_long, Effort(replay=Replay("prop", "1.0", "AAA=")))

    with pytest.raises(EvidenceError, match=r"1\.0"):
        asyncio.run(search.run())


def test_a_fickle_server_proves_nothing() -> None:
    seen: set[bytes] = set()

    def once(body: bytes) -> Response:
        fresh = body not in seen
        seen.add(body)
        return REFUSAL if fresh and len(body) > 3 else GRANT

    search, _ = search_at(once, Effort(examples=50))

    with pytest.raises(EvidenceError, match="now differently"):
        asyncio.run(search.run())


def test_silence_is_an_answer_that_breaks_the_claim() -> None:
    search, _ = search_at(lambda body: None if body else GRANT, Effort(examples=20))

    asyncio.run(search.run())

    assert search.wire.exchanges[0].response is None
    assert search.wire.exchanges[0].request.body == b"\x00"


def test_a_step_that_has_to_work_ends_the_search() -> None:
    async def needing(wire: Wire, body: bytes) -> None:
        await ask(wire, body)
        raise ControlFailed(None, "no")

    search, stub = search_at(lambda _: GRANT, Effort())
    search.experiment = needing

    with pytest.raises(ControlFailed):
        asyncio.run(search.run())
    assert len(stub.bodies) == 1


def test_a_search_that_is_cancelled_sends_nothing_more() -> None:
    search, stub = search_at(lambda _: GRANT, Effort(examples=10_000, tries=100_000))

    async def cancelled() -> int:
        task = asyncio.create_task(search.run())
        await stub.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(stub.bodies)

    sent = asyncio.run(cancelled())

    assert len(stub.bodies) == sent


def test_a_crash_of_an_experiment_is_ours() -> None:
    async def broken(_wire: Wire, _body: bytes) -> None:
        raise KeyError("oops")

    search, _ = search_at(lambda _: GRANT, Effort())
    search.experiment = broken

    with pytest.raises(KeyError):
        asyncio.run(search.run())


def test_many_searches_run_at_once() -> None:
    async def together() -> list[list[bytes]]:
        pairs = [search_at(refusing_long, Effort(examples=30)) for _ in range(8)]
        await asyncio.gather(*(search.run() for search, _ in pairs))
        return [[one.request.body for one in search.wire.exchanges] for search, _ in pairs]

    assert asyncio.run(together()) == [[b"\x00" * 4]] * 8


def test_seconds_bound_a_search() -> None:
    search, stub = search_at(lambda _: GRANT, Effort(examples=100_000, tries=10**6, seconds=0.3))
    begun = time.monotonic()

    asyncio.run(search.run())

    assert stub.bodies
    assert time.monotonic() - begun < 30


def test_the_portal_carries_values_and_errors() -> None:
    async def double(value: int) -> int:
        return 2 * value

    async def use() -> Any:
        portal = Direct()
        return await portal.work(lambda: portal.wait_for(double(21)))

    assert asyncio.run(use()) == 42


@pytest.mark.parametrize("text", ["", "name", "name:1", "name::x", "näme:1:x"])
def test_what_is_no_example_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="PROPERTY:VERSION:CHOICES"):
        Replay.parse(text)


def worked(times: int) -> list[int]:
    async def directly() -> list[int]:
        return await asyncio.gather(*(Direct().work(lambda: 7) for _ in range(times)))

    return asyncio.run(directly())


def test_a_process_that_was_forked_has_threads_of_its_own() -> None:
    assert worked(50) == [7] * 50  # by now threads wait for more

    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found = pool.submit(worked, 1)
        try:
            assert found.result(timeout=20) == [7]
        finally:
            for process in multiprocessing.active_children():
                process.kill()
