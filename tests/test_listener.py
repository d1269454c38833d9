import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

import httpx
import pytest

from idprobe.client import listener as rooms
from idprobe.client.http_sender import HttpSender
from idprobe.client.listener import Listener, Reply, listening
from idprobe.client.wire import Wire
from idprobe.errors import ProfileError, Unsuited
from idprobe.evidence.har import from_har, to_har
from idprobe.judge.collect import InProcess
from idprobe.model.exchange import Exchange, Sender
from idprobe.model.profile import (
    LISTENER_REACHED,
    Client,
    Listening,
    Profile,
    Provider,
    with_issuer,
)
from idprobe.model.trace import Trace
from idprobe.observe.observer import Observer
from idprobe.observe.recorder import Observation
from idprobe.redaction import Vault
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

T = TypeVar("T")

ISSUER: Final = "http://127.0.0.1:8081"
PROFILE: Final = Profile("test", "test.toml", ISSUER, listener=Listening())


def listened(
    act: Callable[[Listener, httpx.AsyncClient], Coroutine[Any, Any, T]],
    profile: Profile = PROFILE,
) -> T:
    """Run an act beside a listener, with a caller; return its result."""

    async def run() -> T:
        async with listening(profile) as listener, httpx.AsyncClient(trust_env=False) as caller:
            return await act(listener, caller)

    return asyncio.run(run())


def test_a_call_is_recorded_as_an_exchange_that_the_server_sent() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> httpx.Response:
        place = listener.open("keys", Reply(200, b"{}", "application/json"), told.append, "?a=1")
        return await caller.post(place.url, content=b"x=1", headers={"X-Odd": "yes"})

    answer = listened(act)

    (call,) = told
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert (call.step, call.sender, call.request.method) == ("keys", Sender.SERVER, "POST")
    assert (call.request.query, call.request.body) == ((("a", "1"),), b"x=1")
    assert call.request.header("x-odd") == "yes"
    assert call.answered.body == b"{}"
    assert call.connection.peer is not None


def test_a_call_is_read_back_from_its_har() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> None:
        await caller.get(listener.open("keys", Reply(), told.append).url)

    listened(act)

    trace = Trace("probe", tuple(told))
    assert from_har(json.loads(json.dumps(to_har(trace)))) == trace


def test_a_run_that_ends_while_a_call_is_answered_prints_nothing() -> None:
    printed: list[str] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: printed.append(context["message"]))
        place = listener.open("slow", Reply(200, delay_s=60), lambda _: None)
        with pytest.raises(httpx.ReadTimeout):
            await caller.get(place.url, timeout=0.2)

    listened(act)

    assert printed == []


def test_what_asks_for_no_open_place_is_told_404_and_not_recorded() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> list[int]:
        place = listener.open("keys", Reply(), told.append)
        other = await caller.get(f"{listener.url}/keys")
        listener.close(place)
        return [other.status_code, (await caller.get(place.url)).status_code]

    assert listened(act) == [404, 404]
    assert told == []


def test_what_a_place_serves_can_be_changed() -> None:
    async def act(listener: Listener, caller: httpx.AsyncClient) -> list[bytes]:
        place = listener.open("object", Reply(200, b"one"), lambda _: None)
        first = await caller.get(place.url)
        place.reply = Reply(200, b"two")
        return [first.content, (await caller.get(place.url)).content]

    assert listened(act) == [b"one", b"two"]


def test_a_wait_for_a_call_ends_with_the_call_or_with_the_time() -> None:
    async def act(listener: Listener, caller: httpx.AsyncClient) -> list[bool]:
        place = listener.open("out", Reply(204), lambda _: None)
        before = await place.called(0.01)
        coming = asyncio.create_task(place.called(5))
        await caller.post(place.url)
        return [before, await coming, await place.called(0.01, times=2)]

    assert listened(act) == [False, True, False]


def test_a_body_beyond_our_bound_is_cut_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_BODY_BYTES", 10)
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> int:
        place = listener.open("out", Reply(200), told.append)
        return (await caller.post(place.url, content=b"x" * 50)).status_code

    assert listened(act) == 413
    assert told[0].request.body == b"x" * 10


def test_a_place_answers_so_many_calls_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_CALLS", 2)
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> list[int]:
        place = listener.open("out", Reply(200), told.append)
        return [(await caller.get(place.url)).status_code for _ in range(3)]

    assert listened(act) == [200, 200, 404]
    assert len(told) == 2


def test_connections_beyond_our_bound_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_CONNECTIONS", 0)

    async def act(listener: Listener, caller: httpx.AsyncClient) -> None:
        await caller.get(listener.open("out", Reply(200), lambda _: None).url)

    with pytest.raises(httpx.RemoteProtocolError):
        listened(act)


def test_a_caller_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "REQUEST_S", 0.05)

    async def act(listener: Listener, _caller: httpx.AsyncClient) -> bytes:
        host, port = listener.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return said

    assert listened(act) == b""


@pytest.mark.parametrize("body", [b"half", None], ids=["half a body", "nothing"])
def test_a_caller_that_hangs_up_before_its_request_is_whole_made_no_call(
    body: bytes | None,
) -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, _caller: httpx.AsyncClient) -> bytes:
        place = listener.open("out", Reply(200), told.append)
        host, port = listener.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {place.url} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"
        writer.write(b"" if body is None else head.encode() + body)
        writer.write_eof()
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return said

    assert listened(act) == b""
    assert told == []


def test_octets_that_are_no_http_are_no_call() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, _caller: httpx.AsyncClient) -> bytes:
        host, port = listener.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        said = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return said

    assert listened(act) == b""
    assert told == []


def test_a_huge_answer_is_sent_whole_and_recorded_in_part() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> int:
        place = listener.open("huge", Reply(200, b"x" * 1_000_000, times=5), told.append)
        return len((await caller.get(place.url)).content)

    assert listened(act) == 5_000_000
    assert (len(told[0].answered.body), told[0].answered.truncated) == (65_536, True)


def test_a_caller_that_hangs_up_is_recorded_without_an_answer() -> None:
    told: list[Exchange] = []

    async def act(listener: Listener, caller: httpx.AsyncClient) -> None:
        place = listener.open(
            "slow", Reply(200, b"x" * 65_536, delay_s=0.3, times=200), told.append
        )
        with pytest.raises(httpx.ReadTimeout):
            await caller.get(place.url, timeout=0.1)
        await place.called(5)

    listened(act)

    assert told[0].response is None
    assert told[0].failure == "the server under test hung up before it had our answer"


def test_the_public_url_is_what_a_server_is_told() -> None:
    public = "https://listener.example/idprobe"
    profile = replace(PROFILE, listener=Listening(public_url=public))

    async def act(listener: Listener, _caller: httpx.AsyncClient) -> str:
        return listener.open("keys", Reply(), lambda _: None).url

    assert listened(act, profile).startswith(f"{public}/")


def test_a_port_that_is_taken_is_told_in_one_sentence() -> None:
    async def act(listener: Listener, _caller: httpx.AsyncClient) -> None:
        port = int(listener.url.rpartition(":")[2])
        async with listening(replace(PROFILE, listener=Listening(port=port))):
            pass

    with pytest.raises(ProfileError, match=r"test.toml: listener: cannot listen on 127.0.0.1 port"):
        listened(act)


def test_nobody_can_be_given_an_address_where_nobody_listens() -> None:
    async def act() -> None:
        async with HttpSender(PROFILE) as sender:
            Wire(Provider(PROFILE, {}, Client("web", "web")), sender).listen("keys")

    with pytest.raises(Unsuited):
        asyncio.run(act())


def reach_of(profile: Profile, **changes: Any) -> Observation:
    """Return what a run sees of a server that is asked whether it reaches us."""
    app = ReferenceServer(replace(reference_config(), issuer=ISSUER, **changes)).app
    observer = Observer(with_issuer(profile, ISSUER), Vault(), transport=InProcess(app))
    return asyncio.run(observer.observe(["listener_reached"]))


def test_reach_is_proven_by_a_call_that_is_in_the_trace() -> None:
    seen = reach_of(resolve("reference"))

    assert seen.outcomes["listener_reached"].outcome == "done"
    calls = [one for one in seen.traces["listener_reached"] if one.sender is Sender.SERVER]
    assert [call.step for call in calls] == ["call-jwks"]


def test_a_server_that_calls_nobody_is_not_judged_by_calls() -> None:
    seen = reach_of(resolve("reference"), trusted_hosts=())

    assert seen.outcomes["listener_reached"].outcome == "not_applicable"
    assert "called none of our addresses" in seen.situation.observed[LISTENER_REACHED]


def test_without_a_listener_in_the_profile_nobody_is_asked_to_call() -> None:
    seen = reach_of(replace(resolve("reference"), listener=None))

    assert seen.outcomes["listener_reached"].because == "the profile has no [listener]"
    assert "listener_reached" in seen.outcomes
