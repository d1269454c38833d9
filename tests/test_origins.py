"""Credentials go to the profile's origins alone, whatever the server says and however it spells it.

Other servers on loopback listen where nothing secret may arrive: `trap`, and `tls_trap` by TLS that
the profile trusts.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from tests.hostile.mouths import plainly
from tests.hostile.wire import Stage, context_of, playing, reference

from idprobe.client.destinations import Destinations, is_internal_name, is_public
from idprobe.client.http_sender import HttpSender
from idprobe.client.trust import environment_of_browsers, tls_context
from idprobe.client.wire import Wire
from idprobe.errors import IdprobeError, Refrained
from idprobe.evidence.ledger import Ledger, Owed
from idprobe.flows import (
    HumanStep,
    Stopped,
    introspection_request,
    registration_request,
    revocation_request,
    token_request,
    userinfo_request,
)
from idprobe.flows.registration import configuration_request
from idprobe.flows.resource import end_session_request
from idprobe.load.engine.transport import Transport
from idprobe.login.forms.form_login import form_login
from idprobe.model.exchange import Agent, Request, Response
from idprobe.model.profile import (
    Client,
    Login,
    Network,
    Profile,
    Provider,
    Tls,
    User,
    is_usable_url,
    origin_of,
)
from idprobe.probes.http.http_framing import written
from idprobe.setup.registering import clean_up
from idprobe_reference.certificates import Certificates, make_certificates

SECRET: Final = "s3cret-that-nobody-else-may-see"
KEY: Final = ("X-Gateway-Key", SECRET)
CLIENT: Final = Client("web", "web", SECRET)
BY_POST: Final = replace(CLIENT, token_endpoint_auth_method="client_secret_post")
FORM: Final = (("grant_type", "authorization_code"), ("code", SECRET))
ENDPOINTS: Final = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "registration_endpoint",
    "end_session_endpoint",
)


def logout(provider: Provider) -> Request:
    return end_session_request(provider, id_token_hint=SECRET)


def with_session(provider: Provider) -> Request:
    url = provider.endpoint("end_session_endpoint")
    return Request.get(url, headers=(("Cookie", f"sid={SECRET}"),), agent=Agent.USER)


def queried(provider: Provider) -> Request:
    return Request.get(provider.endpoint("userinfo_endpoint"), (("access_token", SECRET),))


def managed(provider: Provider) -> Request:
    return configuration_request("GET", provider.endpoint("registration_endpoint"), SECRET)


CARRIERS: Final[Mapping[str, Callable[[Provider], Request]]] = {
    "secret by Basic": lambda one: token_request(one, FORM),
    "secret in the form": lambda one: token_request(one.with_client(BY_POST), FORM),
    "token in a header": lambda one: userinfo_request(one, SECRET),
    "token in a form": lambda one: userinfo_request(one, SECRET, "POST", place="body"),
    "token in the query": queried,
    "introspection": lambda one: introspection_request(one, SECRET),
    "revocation": lambda one: revocation_request(one, SECRET),
    "initial access token": lambda one: registration_request(one, {}, initial_access_token=SECRET),
    "registration access token": managed,
    "logout": logout,
    "cookie": with_session,
}
WRONG: Final = {
    "plain http at the same port": "http://127.0.0.1:{trap}",
    "plain http, upper case": "HTTP://127.0.0.1:{trap}",
    "a user name": "http://id.example@127.0.0.1:{trap}",
    "the origin as a user name": "https://127.0.0.1:{trap}@127.0.0.1:{tls_trap}",
    "a backslash": "https://127.0.0.1:{trap}\\@127.0.0.1:{tls_trap}",
    "another port": "https://127.0.0.1:{tls_trap}",
    "another port by http": "http://localhost:{trap}",
    "half an address": "http://127.1:{trap}",
    "a number": "http://2130706433:{trap}",
    "hexadecimal": "http://0x7f.0.0.1:{trap}",
    "octal": "http://0177.0.0.1:{trap}",
    "IPv4 in IPv6": "http://[::ffff:127.0.0.1]:{trap}",
    "a trailing dot": "http://localhost.:{trap}",
    "a name below localhost": "http://id.localhost:{trap}",
    "port 0": "https://127.0.0.1:0",
    "a port that is none": "https://127.0.0.1:99999",
    "no host": "https://",
    "no address": "https://[broken",
}


@pytest.fixture(name="certificates", scope="module")
def certificates_(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "id.example")


@pytest.fixture(scope="module")
def listening() -> Iterator[Stage]:
    with playing(plainly, reference) as stage:
        yield stage


@pytest.fixture(scope="module")
def listening_by_tls(certificates: Certificates) -> Iterator[Stage]:
    context = context_of(certificates.chain_file, certificates.key_file)
    with playing(plainly, reference, context) as stage:
        yield stage


@pytest.fixture
def trap(listening: Stage) -> Stage:
    listening.asked.clear()
    return listening


@pytest.fixture
def tls_trap(listening_by_tls: Stage) -> Stage:
    listening_by_tls.asked.clear()
    return listening_by_tls


def told_to(*stages: Stage) -> str:
    """Return all that servers were told."""
    asked = [one for stage in stages for one in stage.asked]
    return "\n".join(f"{a.method} {a.target} {a.headers} {a.body!r}" for a in asked)


def of_secure(trap: Stage, certificates: Certificates, **changes: Any) -> Profile:
    """Return the profile of an issuer by https, where in truth plain http is listened to."""
    issuer = f"https://127.0.0.1:{trap.port}"
    tls = Tls(ca_file=certificates.ca_file)
    headers = Network(headers=(KEY,))
    return replace(Profile("test", "test", issuer, tls=tls, network=headers), **changes)


def sent(profile: Profile, request: Request, *, raw: bool = False) -> Response | None:
    """Send a request by either of our senders and return the response."""

    async def run() -> Response | None:
        async with HttpSender(profile) as sender:
            wire = Wire(Provider(profile, {}, CLIENT), sender)
            if raw:
                return (await wire.send_raw(written(wire, request), "raw")).response
            return await wire.send(request)

    return asyncio.run(run())


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_no_credential_reaches_another_origin(
    trap: Stage,
    tls_trap: Stage,
    certificates: Certificates,
    carrier: Callable[[Provider], Request],
    wrong: str,
) -> None:
    profile = of_secure(trap, certificates)
    place = wrong.format(trap=trap.port, tls_trap=tls_trap.port)
    provider = Provider(profile, {name: f"{place}/{name}" for name in ENDPOINTS}, CLIENT)

    for raw in (False, True):
        with pytest.raises(IdprobeError):
            sent(profile, carrier(provider), raw=raw)

    assert SECRET not in told_to(trap, tls_trap)


def test_plain_http_at_the_host_of_the_issuer_says_what_to_change(
    trap: Stage, certificates: Certificates
) -> None:
    with pytest.raises(Refrained, match="plain http, although the profile names that host"):
        sent(of_secure(trap, certificates), Request.post_form(f"{trap.issuer}/token", FORM))


def test_credentials_reach_the_origin_of_the_issuer(
    tls_trap: Stage, certificates: Certificates
) -> None:
    profile = of_secure(tls_trap, certificates)
    upper = f"HTTPS://127.0.0.1:0{tls_trap.port}/token"

    assert sent(profile, Request.post_form(f"{tls_trap.issuer}/token", FORM)) is not None
    assert sent(profile, Request.post_form(upper, FORM), raw=True) is not None


def test_the_user_may_name_an_endpoint_by_plain_http(
    trap: Stage, certificates: Certificates
) -> None:
    named = of_secure(trap, certificates, endpoints={"token_endpoint": f"{trap.issuer}/token"})

    assert sent(named, Request.post_form(f"{trap.issuer}/token", [("a", "b")])) is not None


def named(**changes: Any) -> frozenset[str]:
    return replace(Profile("test", "test", "https://id.example"), **changes).allowed_origins


def test_what_is_named_to_be_read_opens_no_plain_http_for_credentials() -> None:
    plain = "http://id.example/metadata"

    assert named(metadata_url=plain) == {"https://id.example"}
    assert named(endpoints={"jwks_uri": plain}) == {"https://id.example"}
    assert named(login=Login(pages=(plain,))) == {"https://id.example"}
    assert named(endpoints={"token_endpoint": plain}) == {
        "https://id.example",
        "http://id.example",
    }


def test_an_issuer_by_plain_http_may_have_pages_by_both() -> None:
    plain = Profile("test", "test", "http://id.example:8080", metadata_url="http://id.example")

    assert plain.allowed_origins == {
        "http://id.example:8080",
        "https://id.example:8080",
        "http://id.example",
        "https://id.example",
    }


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://ID.example:443/x", "https://id.example"),
        ("http://id.example:80", "http://id.example"),
        ("http://id.example:443", "http://id.example:443"),
        ("https://[0:0:0:0:0:0:0:1]:8443/", "https://[::1]:8443"),
        ("https://id.example./", "https://id.example."),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("https://straße.example/", "https://xn--strae-oqa.example"),
        ("https://my_service:8443/", "https://my_service:8443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "ftp://id.example/",
        "https:///path",
        "https://user@id.example/",
        "https://id.example:0/",
        "https://id.example:x/",
        "https://id.exa mple/",
        "https://id.example\\@evil.example/",
        "https://id%2eexample/",
        "https://[::1/",
        "https://[fe80::zz]/",
        "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",  # digits of full width
        "id.example",
        "",
    ],
)
def test_what_is_no_address_has_no_origin(url: str) -> None:
    assert not is_usable_url(url)
    assert not Profile("test", "test", "https://id.example").trusts(url)


# Documents elsewhere, and where names lead to.


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "100.100.100.200", "169.254.169.254", "168.63.129.16",
        "192.168.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1",  # noqa: S104 -- nothing is bound
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "fd00:ec2::254",
        "fe80::1", "fe80::1%eth0", "ff02::1",
    ],
)  # fmt: skip
def test_an_address_that_is_internal_is_known_by_each_spelling(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "2606:2800:21f::1", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"],
)
def test_an_address_that_is_public_is_known(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "name",
    ["127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "localhost", "foo.localhost", "localhost.",
     "metadata.google.internal", "metadata.google.internal.", "intranet", "printer.local", "::1"],
)  # fmt: skip
def test_a_name_that_is_internal_is_known_without_asking(name: str) -> None:
    assert is_internal_name(name)
    assert not is_internal_name("keys.example.com")


def leading_to(
    monkeypatch: pytest.MonkeyPatch, addresses: Mapping[str, list[str]]
) -> dict[str, int]:
    """Let names lead to addresses, the next one each time; return how often each was asked."""
    asked: dict[str, int] = {}

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked[host] = number = asked.get(host, 0) + 1
        known = addresses.get(host)
        if known is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        address = known[min(number, len(known)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("raw", [False, True], ids=["httpx", "raw"])
def test_a_document_at_a_name_that_leads_inside_is_not_read(
    monkeypatch: pytest.MonkeyPatch, trap: Stage, raw: bool
) -> None:
    leading_to(monkeypatch, {"keys.example": ["127.0.0.1"]})
    document = Request.get(f"http://keys.example:{trap.port}/jwks")

    with pytest.raises(Refrained, match=r"not public \(127\.0\.0\.1\)"):
        sent(Profile("test", "test", "https://id.example"), document, raw=raw)

    assert trap.asked == []


@pytest.mark.parametrize("raw", [False, True], ids=["httpx", "raw"])
def test_a_name_is_resolved_once_and_the_address_is_dialled(
    monkeypatch: pytest.MonkeyPatch, trap: Stage, raw: bool
) -> None:
    asked = leading_to(monkeypatch, {"id.example": ["127.0.0.1", "192.0.2.1"]})
    issuer = f"http://id.example:{trap.port}"

    response = sent(Profile("test", "test", issuer), Request.get(f"{issuer}/jwks"), raw=raw)

    assert response is not None
    assert asked == {"id.example": 1}
    assert trap.asked[-1].header("host") == f"id.example:{trap.port}"


def test_a_local_name_that_is_resolved_elsewhere_opens_no_loopback() -> None:
    network = Network(resolve={"localhost": "192.0.2.7"})

    assert Destinations(Profile("test", "test", "http://localhost")).is_local
    assert not Destinations(Profile("test", "test", "http://localhost", network=network)).is_local


def test_a_server_on_loopback_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    leading_to(monkeypatch, {"keys.example": ["192.0.2.7"]})
    places = Destinations(Profile("test", "test", "http://localhost"))

    with pytest.raises(Refrained, match="not on loopback"):
        asyncio.run(places.found("keys.example", 80))


@pytest.mark.parametrize("place", ["[0:0:0:0:0:0:0:1]", "[::1]"])
def test_an_address_of_the_profile_is_known_by_each_spelling(place: str) -> None:
    named = Profile("test", "test", "https://id.example", resource_url=f"https://{place}")

    (found,) = asyncio.run(Destinations(named).found(place.strip("[]"), 443))

    assert found.host == "::1"


def test_a_name_that_is_unknown_fails_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    leading_to(monkeypatch, {})

    with pytest.raises(IdprobeError, match=r"no connection: .*Name or service not known"):
        sent(Profile("test", "test", "https://id.example"), Request.get("https://id.example/"))


@pytest.mark.parametrize("raw", [False, True], ids=["httpx", "raw"])
def test_an_address_of_the_profile_keeps_the_name_for_tls(
    tls_trap: Stage, certificates: Certificates, raw: bool
) -> None:
    issuer = f"https://id.example:{tls_trap.port}"
    network = Network(resolve={f"ID.example:{tls_trap.port}": "127.0.0.1"})
    tls = Tls(ca_file=certificates.ca_file)
    profile = Profile("test", "test", issuer, tls=tls, network=network)

    assert sent(profile, Request.get(f"{issuer}/jwks"), raw=raw) is not None
    assert tls_trap.asked[-1].header("host") == f"id.example:{tls_trap.port}"


def test_a_certificate_of_another_name_is_refused_at_an_address_of_the_profile(
    tls_trap: Stage, certificates: Certificates
) -> None:
    issuer = f"https://other.example:{tls_trap.port}"
    network = Network(resolve={"other.example": "127.0.0.1"})
    tls = Tls(ca_file=certificates.ca_file)

    with pytest.raises(IdprobeError, match="CERTIFICATE_VERIFY_FAILED"):
        sent(
            Profile("test", "test", issuer, tls=tls, network=network),
            Request.get(f"{issuer}/jwks"),
        )


def test_the_next_address_is_tried_and_remembered() -> None:
    tried: list[str] = []

    async def connect(one: Any) -> str:
        tried.append(one.host)
        if one.host == "192.0.2.1":
            raise ConnectionRefusedError
        return str(one.host)

    async def run() -> tuple[str, str]:
        places = Destinations(Profile("test", "test", "http://id.example"))
        loop = asyncio.get_running_loop()

        async def both(_host: str, port: int, **_: Any) -> list[Any]:
            hosts = ("192.0.2.1", "127.0.0.1")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in hosts]

        loop.getaddrinfo = both  # type: ignore[method-assign, assignment]
        first = await places.reach("id.example", 80, connect)
        return first, await places.reach("id.example", 80, connect)

    assert asyncio.run(run()) == ("127.0.0.1", "127.0.0.1")
    assert tried == ["192.0.2.1", "127.0.0.1", "127.0.0.1"]


@pytest.mark.parametrize("raw", [False, True], ids=["httpx", "raw"])
def test_headers_of_the_profile_go_to_its_origins_alone(trap: Stage, raw: bool) -> None:
    profile = Profile("test", "test", "http://127.0.0.1:9", network=Network(headers=(KEY,)))

    assert sent(profile, Request.get(f"{trap.issuer}/jwks"), raw=raw) is not None
    assert SECRET not in told_to(trap)

    own = replace(profile, endpoints={"jwks_uri": f"{trap.issuer}/jwks"})
    with playing(plainly, reference) as stage:
        there = replace(own, endpoints={"jwks_uri": f"{stage.issuer}/jwks"})
        assert sent(there, Request.get(f"{stage.issuer}/jwks"), raw=raw) is not None
        assert SECRET in told_to(stage)


# Ways of a browser, of load, of cleaning up, and what probes send in the clear.

START: Final = Request.get("https://id.example/authorize", agent=Agent.USER)
USER: Final = User("alice", "alice", SECRET)
LOGIN: Final = "<form method=post action='{}'><input name=u><input type=password name=p></form>"


def page(body: str) -> Response:
    return Response(200, (("Content-Type", "text/html"),), body.encode())


@pytest.mark.parametrize(
    "answer",
    [
        Response(302, (("Location", "http://id.example/login"),)),
        Response(307, (("Location", "//other.example/login"),)),
        Response(302, (("Location", "https://id.example@evil.example/"),)),
        Response(302, (("Location", "https://id.example:8443/login"),)),
        page(LOGIN.format("http://id.example/login")),
        page(LOGIN.format("http://id.example:443/login")),
        page(LOGIN.format("https://id.example\\@evil.example/")),
        page("<meta http-equiv=refresh content='0; url=http://id.example/login'>"),
    ],
)
@pytest.mark.parametrize("allowed", [(), ("http://id.example",)], ids=["own", "named"])
def test_a_login_by_https_stays_with_https(answer: Response, allowed: tuple[str, ...]) -> None:
    flow = form_login(
        HumanStep(START, ("https://client.example/cb",), USER), {}, frozenset(allowed)
    )
    assert next(flow) is START

    with pytest.raises(StopIteration) as ended:
        flow.send(answer)

    assert isinstance(ended.value.value, Stopped)


def test_load_sends_nothing_to_plain_http(trap: Stage, certificates: Certificates) -> None:
    transport = Transport(replace(of_secure(trap, certificates), network=Network()))

    assert transport.address(f"https://127.0.0.1:{trap.port}") == ("127.0.0.1", trap.port)
    for wrong in WRONG.values():
        with pytest.raises(Refrained):
            transport.address(wrong.format(trap=trap.port, tls_trap=1))


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:{0}/c/1", "https://[broken", "https://127.0.0.1:0/", "http://u@h/"]
)
def test_cleanup_sends_no_token_where_none_may_go(tmp_path: Path, trap: Stage, uri: str) -> None:
    ledger = Ledger(tmp_path)
    issuer = f"https://127.0.0.1:{trap.port}"
    owed = Owed(issuer, "c", uri.format(trap.port), SECRET, pid=None)
    ledger.keep(owed)

    left = clean_up(ledger)

    assert "the server told" in left[owed]
    assert SECRET not in told_to(trap)


def test_what_is_sent_in_the_clear_has_no_cookie_and_no_header_of_the_profile(
    trap: Stage, certificates: Certificates
) -> None:
    profile = of_secure(trap, certificates)

    async def run() -> None:
        async with HttpSender(profile) as sender:
            wire = Wire(Provider(profile, {}, CLIENT), sender)
            wire.cookies.give(profile.issuer, f"sid={SECRET}")
            await wire.send_in_the_clear(
                Request.get(f"{profile.issuer}/authorize", agent=Agent.USER), "plain"
            )
            with pytest.raises(Refrained):
                await wire.send_in_the_clear(Request.get("https://other.example/"), "elsewhere")

    asyncio.run(run())

    assert trap.asked[-1].target == "/authorize"
    assert SECRET not in told_to(trap)


# The environment.


def test_no_proxy_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, trap: Stage
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.issuer)
    with playing(plainly, reference) as stage:
        profile = Profile("test", "test", stage.issuer)

        assert sent(profile, Request.get(f"{stage.issuer}/jwks")) is not None
        assert len(stage.asked) == 1

    assert trap.asked == []


def test_no_authority_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca_file))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificates.ca_file.parent))

    assert "throw-away CA" not in str(tls_context(Tls()).get_ca_certs())
    named = tls_context(Tls(ca_file=certificates.ca_file)).get_ca_certs()
    assert [one["serialNumber"] for one in named] == [serial_of(certificates)]


def serial_of(certificates: Certificates) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates.ca_file)
    return str(context.get_ca_certs()[0]["serialNumber"])


def test_without_a_store_of_the_system_a_bundle_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = ssl.get_default_verify_paths()._replace(
        openssl_cafile=str(tmp_path / "none.pem"), openssl_capath=str(tmp_path / "none")
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr("idprobe.client.trust.BUNDLES", ())

    assert len(tls_context(Tls()).get_ca_certs()) > 50


def test_keys_of_tls_are_written_to_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))

    assert tls_context(Tls()).keylog_filename is None
    assert not (tmp_path / "keys").exists()


def test_keys_of_the_tls_of_a_proxy_are_written_to_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls_trap: Stage
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    proxied = Network(proxy=tls_trap.issuer)

    with pytest.raises(IdprobeError, match="CERTIFICATE_VERIFY_FAILED"):
        sent(
            Profile("test", "test", "https://id.example", network=proxied),
            Request.get("https://id.example/"),
        )

    assert not (tmp_path / "keys").exists()


def test_behind_a_proxy_names_that_are_internal_are_refused_still(trap: Stage) -> None:
    proxied = Profile("test", "test", "https://id.example", network=Network(proxy=trap.issuer))

    for inside in ("http://127.1/", "http://metadata.google.internal/", "http://[::ffff:a00:1]/"):
        with pytest.raises(Refrained):
            sent(proxied, Request.get(inside))

    assert trap.asked == []


def test_a_browser_gets_neither_proxies_nor_a_file_for_keys() -> None:
    given = {"http_proxy": "x", "HTTPS_PROXY": "x", "SSLKEYLOGFILE": "x", "HOME": "/home/a"}

    assert environment_of_browsers(given) == {"HOME": "/home/a"}
