import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx
import pytest
import respx

from idprobe.client.http_sender import HttpSender
from idprobe.client.trust import tls_context
from idprobe.client.wire import Wire
from idprobe.errors import ControlFailed, EvidenceError, NoResponse, Refrained, Unsuited
from idprobe.flows import Flow
from idprobe.model.exchange import Agent, Request, Response
from idprobe.model.profile import Client, Limits, Network, Profile, Provider, Tls

T = TypeVar("T")

ORIGIN: Final = "http://127.0.0.1:9"
PROFILE: Final = Profile(name="test", where="test", issuer=ORIGIN)


def on_wire(
    act: Callable[[Wire], Coroutine[Any, Any, T]], profile: Profile = PROFILE
) -> tuple[T, Wire]:
    """Run an act on a wire whose transport is mocked; return its result and the wire."""

    async def run() -> tuple[T, Wire]:
        async with HttpSender(profile) as sender:
            wire = Wire(Provider(profile, {}, Client("web", "web")), sender)
            return await act(wire), wire

    return asyncio.run(run())


def get(path: str = "/", **headers: str) -> Request:
    return Request.get(ORIGIN + path, headers=tuple(headers.items()))


@respx.mock
def test_the_request_target_goes_out_as_it_was_written() -> None:
    route = respx.route().respond(200)
    odd = replace(get(), target=b"/a%2e/../b?x=%ZZ&y=a+b")

    on_wire(lambda wire: wire.send(odd))

    assert route.calls.last.request.extensions["target"] == odd.target


@respx.mock
def test_no_header_goes_out_that_we_did_not_choose() -> None:
    route = respx.route().respond(200)

    on_wire(lambda wire: wire.send(get(accept="text/plain")))

    sent = {name.lower() for name in route.calls.last.request.headers}
    assert sent == {"host", "user-agent", "accept-encoding", "accept"}
    assert route.calls.last.request.headers["accept-encoding"] == "identity"


@respx.mock
def test_the_body_goes_out_as_it_was_written() -> None:
    route = respx.route().respond(200)
    request = Request.post_form(f"{ORIGIN}/token", [("a", "ä b"), ("a", "2")])

    on_wire(lambda wire: wire.send(request))

    assert route.calls.last.request.content == b"a=%C3%A4+b&a=2"


@respx.mock
def test_repeated_response_headers_stay_apart() -> None:
    respx.route().mock(return_value=httpx.Response(200, headers=[("X-A", "1"), ("X-A", "2")]))

    response, _ = on_wire(lambda wire: wire.send(get()))

    assert response.all_headers("x-a") == ("1", "2")


@respx.mock
def test_a_redirect_is_not_followed() -> None:
    route = respx.route().respond(302, headers={"Location": "/elsewhere"})

    response, _ = on_wire(lambda wire: wire.send(get()))

    assert response.status == 302
    assert route.call_count == 1


@respx.mock
def test_a_body_beyond_the_bound_is_cut_and_marked() -> None:
    respx.route().respond(200, content=b"x" * 5000)
    profile = replace(PROFILE, limits=Limits(body_bytes=1000))

    response, _ = on_wire(lambda wire: wire.send(get()), profile)

    assert len(response.body) == 1000
    assert response.truncated


@respx.mock
def test_an_exchange_that_takes_too_long_is_no_response() -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    respx.route().mock(side_effect=never)
    profile = replace(PROFILE, limits=Limits(exchange_s=0.05))

    with pytest.raises(NoResponse, match=r"within 0\.05 s"):
        on_wire(lambda wire: wire.send(get()), profile)


@respx.mock
def test_a_connection_that_failed_is_tried_again_and_disclosed() -> None:
    respx.route().mock(side_effect=[httpx.ConnectTimeout("slow"), httpx.Response(204)])

    _, wire = on_wire(lambda wire: wire.send(get()))

    assert wire.exchanges[-1].retried == 1


@respx.mock
def test_a_post_whose_connection_broke_is_never_sent_again() -> None:
    route = respx.route().mock(side_effect=httpx.ReadError("reset"))

    with pytest.raises(NoResponse, match="broke off"):
        on_wire(lambda wire: wire.send(Request.post_form(f"{ORIGIN}/token", [("a", "b")])))

    assert route.call_count == 1


@respx.mock
def test_cookies_belong_to_the_user_agent_alone() -> None:
    respx.route(path="/login").respond(200, headers={"Set-Cookie": "sid=1; Path=/; HttpOnly"})
    route = respx.route(path="/next").respond(200)

    async def act(wire: Wire) -> None:
        await wire.send(replace(get("/login"), agent=Agent.USER))
        await wire.send(replace(get("/next"), agent=Agent.USER))
        await wire.send(get("/next"))

    on_wire(act)

    by_user, by_client = (call.request.headers.get("cookie") for call in route.calls)
    assert by_user == "sid=1"
    assert by_client is None


@respx.mock
def test_a_secure_cookie_is_sent_to_loopback_over_http() -> None:
    respx.route(path="/login").respond(200, headers={"Set-Cookie": "sid=1; Path=/; Secure"})
    route = respx.route(path="/next").respond(200)

    async def act(wire: Wire) -> None:
        await wire.send(replace(get("/login"), agent=Agent.USER))
        await wire.send(replace(get("/next"), agent=Agent.USER))

    on_wire(act)

    assert route.calls.last.request.headers["cookie"] == "sid=1"


@respx.mock
def test_a_fresh_browser_has_no_cookies() -> None:
    respx.route(path="/login").respond(200, headers={"Set-Cookie": "sid=1; Path=/"})
    route = respx.route(path="/next").respond(200)

    async def act(wire: Wire) -> None:
        await wire.send(replace(get("/login"), agent=Agent.USER))
        wire.fresh_browser()
        await wire.send(replace(get("/next"), agent=Agent.USER))

    on_wire(act)

    assert "cookie" not in route.calls.last.request.headers


@pytest.mark.parametrize(
    ("request_", "issuer"),
    [
        (Request.post_form("https://evil.example/token", [("a", "b")]), ORIGIN),
        (Request.get("https://evil.example/", agent=Agent.USER), "https://id.example"),
        (Request.get("https://evil.example/", headers=(("Authorization", "Bearer x"),)), ORIGIN),
        (Request.get("http://169.254.169.254/latest"), "https://id.example"),
        (Request.get("http://127.0.0.1:6379/"), "https://id.example"),
        (Request.get("http://10.0.0.1/"), ORIGIN),
    ],
    ids=["form", "browser", "bearer", "metadata-service", "own-loopback", "private"],
)
@respx.mock
def test_nothing_goes_where_the_profile_does_not_allow(request_: Request, issuer: str) -> None:
    route = respx.route().respond(200)

    with pytest.raises(Refrained, match=r"\[endpoints\]"):
        on_wire(lambda wire: wire.send(request_), replace(PROFILE, issuer=issuer))

    assert not route.called


@respx.mock
def test_a_public_document_of_a_public_server_may_be_on_another_host() -> None:
    respx.route(host="keys.example").respond(200, json={"keys": []})
    elsewhere = replace(PROFILE, issuer="https://id.example")

    response, _ = on_wire(lambda w: w.send(Request.get("https://keys.example/jwks")), elsewhere)

    assert response.json == {"keys": []}


FORM_PAIRS = [("client_id", "web"), ("client_secret", "x")]
TOKEN_URL = f"{ORIGIN}/token"
BASIC = ("Authorization", "Basic d2ViOng=")


@pytest.mark.parametrize(
    "request_",
    [
        Request.post_form(TOKEN_URL, FORM_PAIRS),
        replace(Request.post_form(TOKEN_URL, FORM_PAIRS), headers=(("Content-Type", "text/x"),)),
        replace(Request.post_form(TOKEN_URL, ()), body=json.dumps(dict(FORM_PAIRS)).encode()),
        Request.get(f"{TOKEN_URL}?client_id=web&client_secret=x"),
        Request.post_form(TOKEN_URL, (), headers=(BASIC,)),
    ],
    ids=["form", "other-media-type", "json", "query", "basic"],
)
@respx.mock
def test_credentials_that_do_not_work_are_not_used_again(request_: Request) -> None:
    route = respx.route().respond(200)

    async def act(wire: Wire) -> None:
        wire.sender.guard.distrust_client("web", "its secret is wrong")
        await wire.send(request_)

    with pytest.raises(Refrained, match="its secret is wrong"):
        on_wire(act)

    assert not route.called


@respx.mock
def test_a_flow_that_lacks_what_it_needs_is_a_failed_control() -> None:
    respx.route().respond(400, json={"error": "invalid_grant"})

    def wanting() -> Flow[None]:
        response = yield get()
        assert isinstance(response, Response)
        raise EvidenceError("wanted a token")

    with pytest.raises(ControlFailed, match=r"wanting: wanted a token, got .*invalid_grant"):
        on_wire(lambda wire: wire.run(wanting()))


@respx.mock
def test_a_server_on_loopback_may_have_documents_at_its_other_ports() -> None:
    respx.route().respond(200)

    response, _ = on_wire(lambda wire: wire.send(Request.get("http://127.0.0.1:6379/jwks")))

    assert response.status == 200


@respx.mock
def test_requests_are_as_far_apart_as_the_profile_wants() -> None:
    respx.route().respond(200)
    patient = replace(PROFILE, limits=Limits(requests_per_second=50))

    async def act(wire: Wire) -> list[datetime]:
        for _ in range(3):
            await wire.send(get())
        return [exchange.started_at for exchange in wire.exchanges]

    begun, _ = on_wire(act, patient)

    assert (begun[2] - begun[0]).total_seconds() >= 0.038


def test_pages_of_clients_need_a_browser() -> None:
    with pytest.raises(Unsuited, match="the driver browser alone"):
        on_wire(lambda wire: wire.show({"https://client.example/": "<p>"}, "frames"))


def test_octets_do_not_go_through_a_proxy() -> None:
    proxied = replace(PROFILE, network=Network("http://127.0.0.1:3128"))

    with pytest.raises(Unsuited, match="reached by a proxy"):
        on_wire(lambda wire: wire.send_raw(get()), proxied)


@respx.mock
def test_a_step_is_named_for_its_flow_unless_it_is_given_a_name() -> None:
    respx.route().respond(200)

    def asking() -> Flow[None]:
        yield get()

    async def act(wire: Wire) -> None:
        await wire.run(asking())
        await wire.run(asking(), "again")
        await wire.send(get())

    _, wire = on_wire(act)

    assert [exchange.step for exchange in wire.exchanges] == ["asking", "again", "experiment"]


@respx.mock
def test_headers_of_the_profile_go_with_every_request() -> None:
    route = respx.route().respond(200)
    profile = replace(PROFILE, network=Network(headers=(("X-Gate", "open"),)))

    on_wire(lambda wire: wire.send(get()), profile)

    assert route.calls.last.request.headers["x-gate"] == "open"


def test_certificates_are_verified_unless_the_profile_says_insecure() -> None:
    assert tls_context(Tls()).verify_mode is ssl.CERT_REQUIRED
    assert tls_context(Tls()).check_hostname
    assert tls_context(Tls(insecure=True)).verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize("host", ["xn--0", "xn--zz-"])
def test_a_document_at_a_host_whose_name_cannot_be_read_is_no_response(host: str) -> None:
    profile = replace(PROFILE, issuer="https://id.example")

    with pytest.raises(NoResponse, match="this cannot be sent"):
        on_wire(
            lambda wire: wire.send(Request.get(f"https://{host}.example/jwks"), "keys"), profile
        )
