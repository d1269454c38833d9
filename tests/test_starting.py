"""The first five minutes: a profile from an issuer, and what a doctor finds before a run."""

import asyncio
import json
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner

from idprobe.cli.main import commands
from idprobe.client.wire import Human, Wire
from idprobe.errors import ProfileError, UsageError
from idprobe.flows import Ending, HumanStep, Stopped
from idprobe.judge.collect import InProcess
from idprobe.login.forms.journey import NEEDS_SCRIPTS
from idprobe.model.profile import Client, Profile, load_profile, with_issuer
from idprobe.redaction import Shown
from idprobe.setup import doctor
from idprobe.setup.doctor import Symptom, examine
from idprobe.setup.init_profile import Beginning, begin, profile_name
from idprobe.setup.targets import resolve
from idprobe_reference.config import speakup_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig

ISSUER: Final = "http://127.0.0.1:8081"
SECRETS: Final = {
    "WEB_ID": "web", "WEB_SECRET": "s3cret-of-web", "WEB_REDIRECT_URIS": "https://client.example/cb",
    "USER_NAME": "alice", "USER_PASSWORD": "pa55word",
}  # fmt: skip


class WithoutRegistration(ReferenceServer):
    """A server whose clients are set up by hand."""

    def metadata(self) -> dict[str, Any]:
        found = super().metadata()
        return {name: found[name] for name in found if name != "registration_endpoint"}


class Behind(httpx.AsyncBaseTransport):
    """Something before the server that changes its answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport, change: Callable[[Any], Any]) -> None:
        self.inner = inner
        self.change = change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        changed: httpx.Response = self.change(response)
        return changed


def transport(
    server: type[ReferenceServer] = ReferenceServer, config: ServerConfig | None = None
) -> InProcess:
    chosen = replace(config or speakup_config(), issuer=ISSUER)
    return InProcess(server(chosen).app)


def begun(server: type[ReferenceServer] = ReferenceServer, issuer: str = ISSUER) -> Beginning:
    return asyncio.run(begin(issuer, transport(server)))


def test_a_server_that_registers_needs_a_user_and_nothing_else(tmp_path: Path) -> None:
    found = begun()
    (tmp_path / "a.toml").write_text(found.text, encoding="utf-8")

    profile = load_profile(tmp_path / "a.toml", SECRETS)

    assert found.registers
    assert found.variables == ("USER_NAME", "USER_PASSWORD")
    assert profile.issuer == ISSUER
    assert profile.standards == ("oauth2.0", "oidc", "bcp")
    assert profile.clients == {}


def test_other_servers_get_a_client_from_the_environment(tmp_path: Path) -> None:
    found = begun(WithoutRegistration)
    (tmp_path / "a.toml").write_text(found.text, encoding="utf-8")

    profile = load_profile(tmp_path / "a.toml", SECRETS)

    assert not found.registers
    assert set(found.variables) == SECRETS.keys()
    (client,) = profile.clients.values()
    assert client.client_secret == "s3cret-of-web"
    assert client.redirect_uris == ("https://client.example/cb",)
    assert not any(secret in found.text for secret in SECRETS.values() if len(secret) > 5)


def test_the_clients_in_the_comments_are_sound_too(tmp_path: Path) -> None:
    found = begun(WithoutRegistration)
    before, sign, after = found.text.partition("# Each further client")
    comments, _, after = after.partition("# Who logs in")
    lines = [line.removeprefix("# ").removeprefix("#") for line in comments.splitlines()[1:]]
    text = "\n".join([before, *lines, f"#{after}"])
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    names = list(tomllib.loads(text)["clients"])
    environ = {f"{name.upper()}_{end}": "https://x.example/cb" for name in names for end in ENDS}

    profile = load_profile(tmp_path / "a.toml", {**SECRETS, **environ})

    assert sign
    assert {"web", "second", "public", "service", "implicit", "hybrid"} <= profile.clients.keys()


ENDS: Final = ("ID", "SECRET", "REDIRECT_URIS")


@pytest.mark.parametrize(
    ("members", "variables"),
    [
        (
            {"token_endpoint_auth_methods_supported": ["none"]},
            ("PUBLIC_ID", "PUBLIC_REDIRECT_URIS", "USER_NAME", "USER_PASSWORD"),
        ),
        ({"grant_types_supported": ["client_credentials"]}, ("SERVICE_ID", "SERVICE_SECRET")),
    ],
    ids=["public clients", "services"],
)
def test_no_more_is_asked_for_than_the_first_client_can_have(
    members: dict[str, Any], variables: tuple[str, ...]
) -> None:
    class Narrow(WithoutRegistration):
        """Serves clients of one kind."""

        def metadata(self) -> dict[str, Any]:
            return super().metadata() | members

    assert begun(Narrow).variables == variables


def test_a_server_that_others_use_needs_a_word_of_who_allows_its_test() -> None:
    issuer = "https://id.example"
    server = ReferenceServer(replace(speakup_config(), issuer=issuer))

    found = asyncio.run(begin(issuer, InProcess(server.app)))

    assert found.needs_consent
    assert "# authorized_by" in found.text
    assert "# authorized_by" not in begun().text


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("https://id.example/tenant", "id.example.toml"),
        ("http://127.0.0.1:8080", "127.0.0.1.toml"),
        ("http://[::1]:8080", "--1.toml"),
    ],
)
def test_the_file_is_named_for_the_host(issuer: str, name: str) -> None:
    assert profile_name(issuer) == name


def test_a_server_that_says_nothing_of_itself_ends_with_one_sentence() -> None:
    with pytest.raises(UsageError, match="says nothing of itself"):
        begun(issuer=f"{ISSUER}/nowhere")


def speakup(**changes: Any) -> Profile:
    return replace(with_issuer(resolve("speakup"), ISSUER), **changes)


def examined(
    profile: Profile, change: Callable[[httpx.Response], httpx.Response] | None = None
) -> dict[str, Symptom]:
    inner = transport()
    way = inner if change is None else Behind(inner, change)

    async def all_of_it() -> list[Symptom]:
        return [symptom async for symptom in examine(profile, transport=way)]

    return {symptom.what: symptom for symptom in asyncio.run(all_of_it())}


def test_a_sound_profile_has_nothing_to_change() -> None:
    found = examined(speakup())

    assert [one for one in found.values() if one.state == "fix"] == []
    assert found["client service"].state == "ok"
    assert found["login bob at web"].said == "landed at https://client.example/cb"
    assert "web plays web" in found["roles"].said


def test_doctor_shows_no_secret_that_a_server_echoes() -> None:
    profile = speakup()
    secrets = sorted({value for _, value in profile.secrets()})
    seen: list[httpx.Response] = []

    def echo(answer: httpx.Response) -> httpx.Response:
        if not seen:
            seen.append(answer)  # the metadata
            return answer
        error = f"no_{secrets[0]}"
        body = {"error": error, "error_description": f"{secrets} {quote(secrets[0])}"}
        stream = httpx.ByteStream(json.dumps(body).encode())
        return httpx.Response(401, headers={"Content-Type": "application/json"}, stream=stream)

    found = examined(profile, echo)

    told = " ".join(f"{one.what} {one.said}" for one in found.values())
    assert any(one.state == "fix" for one in found.values())
    assert "‹" in told
    assert [one for one in secrets if one in told or quote(one, safe="") in told] == []


def test_doctor_names_secrets_that_reports_cannot_hide() -> None:
    web = replace(speakup().clients["web"], client_secret="secret")

    found = examined(speakup(clients={"web": web}))

    assert found["secrets"].state == "skip"
    assert "clients.web.client_secret is a word" in found["secrets"].said


def only(name: str, **changes: Any) -> dict[str, Client]:
    client = speakup().clients[name]
    return {name: replace(client, **changes)}


def test_a_wrong_secret_says_where_it_stands() -> None:
    found = examined(speakup(clients=only("web", client_secret="wr0ng-secret")))

    assert found["client web"].state == "fix"
    assert "check client_secret" in found["client web"].said
    assert "[clients.web]" in found["client web"].said
    assert "wr0ng-secret" not in str(found)


def test_a_wrong_password_says_where_it_stands() -> None:
    users = {"alice": replace(speakup().users["alice"], password="wr0ng-password")}

    found = examined(speakup(clients=only("web"), users=users))

    assert found["login alice at web"].state == "fix"
    assert "wr0ng-password" not in str(found)


def test_a_login_on_another_host_says_how_to_allow_it() -> None:
    def elsewhere(response: httpx.Response) -> httpx.Response:
        if not response.headers.get("content-type", "").startswith("text/html"):
            return response
        response.status_code, response.headers["location"] = 302, "https://login.example/in"
        return response

    found = examined(speakup(clients=only("web")), elsewhere)

    assert found["login alice at web"].state == "fix"
    assert "to another host, 'login.example'" in found["login alice at web"].said
    assert "in pages under [login]" in found["login alice at web"].said


def test_a_response_type_that_is_not_allowed_says_what_to_change() -> None:
    found = examined(speakup(clients=only("web", response_types=("token",))))

    assert found["login alice at web"].state == "fix"
    assert "change response_types" in found["login alice at web"].said
    assert "under [clients.web]" in found["login alice at web"].said


def examined_with(profile: Profile, **members: str) -> dict[str, Symptom]:
    """Examine a server with these members in its metadata."""

    class Telling(ReferenceServer):
        def metadata(self) -> dict[str, Any]:
            return {**super().metadata(), **members}

    async def all_of_it() -> list[Symptom]:
        return [symptom async for symptom in examine(profile, transport=transport(Telling))]

    return {symptom.what: symptom for symptom in asyncio.run(all_of_it())}


def test_an_endpoint_by_plain_http_of_a_secure_issuer_is_told() -> None:
    secure = ISSUER.replace("http:", "https:")
    found = examined_with(speakup(issuer=secure), issuer=secure)

    assert found["token_endpoint"].state == "fix"
    assert "http://127.0.0.1:8081 although the issuer is https" in found["token_endpoint"].said
    assert "name it under [endpoints]" in found["token_endpoint"].said
    assert found["client web"].state == "fix"
    assert "nothing secret is sent there" in found["client web"].said


def test_an_endpoint_by_plain_http_of_the_profile_is_told() -> None:
    secure, plain = ISSUER.replace("http:", "https:"), "http://id.example/token"
    named = speakup(issuer=secure, endpoints={"token_endpoint": plain})

    found = examined_with(named, issuer=secure)

    assert found["token_endpoint"].state == "skip"
    assert "is plain http, as [endpoints] says" in found["token_endpoint"].said


@pytest.mark.parametrize(
    ("name", "state"), [("token_endpoint", "fix"), ("revocation_endpoint", "skip")]
)
def test_an_endpoint_of_another_origin_is_told(name: str, state: str) -> None:
    found = examined_with(speakup(), **{name: "https://other.example:8443/here"})

    assert found[name].state == state
    assert "at https://other.example:8443, which the profile does not name" in found[name].said


def test_an_endpoint_that_is_no_address_is_told() -> None:
    found = examined_with(speakup(), token_endpoint="https://[broken")

    assert found["token_endpoint"].said.endswith("is no address to send to")


def test_an_issuer_with_another_slash_is_told() -> None:
    found = examined(speakup(issuer=f"{ISSUER}/"))

    assert found["metadata"].state == "fix"
    assert "to the last slash" in found["metadata"].said


def test_nobody_is_asked_more_where_nothing_answers() -> None:
    async def refused(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("certificate verify failed: self-signed")

    async def all_of_it() -> list[Symptom]:
        way = httpx.MockTransport(refused)
        return [symptom async for symptom in examine(speakup(), transport=way)]

    (symptom,) = asyncio.run(all_of_it())

    assert (symptom.what, symptom.state) == ("reach", "fix")
    assert "set ca_file under [tls]" in symptom.said


def test_variables_that_are_not_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere/ca.pem")

    said = doctor._unreachable(speakup(), "certificate verify failed")

    assert "SSL_CERT_FILE" in said
    assert "of the environment is not read" in said


def test_endpoints_of_the_profile_do_without_metadata() -> None:
    def nowhere(response: httpx.Response) -> httpx.Response:
        response.status_code = 404
        return response

    endpoints = {"authorization_endpoint": f"{ISSUER}/authorize"}
    found = examined(speakup(clients=only("web"), users={}, endpoints=endpoints), nowhere)

    assert found["metadata"].state == "skip"
    assert "404 at /.well-known/openid-configuration" in found["metadata"].said
    assert found["keys"].said == "the server has no jwks_uri"
    assert found["client web"].said == "the server has no token endpoint"


def test_a_channel_that_nobody_verifies_is_to_change() -> None:
    insecure = replace(speakup().tls, insecure=True)

    assert examined(speakup(clients={}, users={}, tls=insecure))["tls"].state == "fix"


def test_a_verified_certificate_is_told() -> None:
    secure = with_issuer(speakup(clients={}, users={}), ISSUER.replace("http", "https"))

    assert examined(secure)["tls"] == Symptom(
        Shown("tls"), "ok", Shown("the certificate is verified")
    )


@pytest.mark.parametrize(
    ("sees", "said"),
    [
        (None, "this server needs the driver browser: profile speakup: login.driver: is away"),
        (NEEDS_SCRIPTS, f"the browser does not get there either: {NEEDS_SCRIPTS}"),
    ],
    ids=["no-browser", "stuck"],
)
def test_a_server_that_wants_a_browser_says_whether_one_would_do(
    sees: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not here: the browser is away, or comes no further than the forms."""

    def scripted(response: httpx.Response) -> httpx.Response:
        if response.headers.get("content-type", "").startswith("text/html"):
            page = b"<!doctype html><body><script>draw()</script>"
            return httpx.Response(200, headers=response.headers, stream=httpx.ByteStream(page))
        return response

    @asynccontextmanager
    async def driver(profile: Profile) -> AsyncIterator[Human | None]:
        async def visit(wire: Wire, step: HumanStep, name: str) -> Ending:
            return Stopped(await wire.send(step.request, name), step.request, sees or "")

        if profile.login.driver == "browser" and sees is None:
            raise ProfileError("profile speakup", "login.driver", "is away")
        yield Human(visit) if profile.login.driver == "browser" else None

    monkeypatch.setattr("idprobe.setup.doctor.playing", driver)
    users = {"alice": speakup().users["alice"]}

    found = examined(speakup(clients=only("web"), users=users), scripted)

    assert found["driver"].state == "fix"
    assert found["driver"].said.startswith(said)


@pytest.mark.parametrize(("ahead_s", "state"), [(0, "ok"), (300, "fix"), (-300, "fix")])
def test_a_clock_that_is_wrong_is_told(ahead_s: int, state: str) -> None:
    def dated(response: httpx.Response) -> httpx.Response:
        now = datetime.now(UTC) + timedelta(seconds=ahead_s)
        response.headers["date"] = format_datetime(now, usegmt=True)
        return response

    found = examined(speakup(clients={}, users={}), dated)

    assert found["clock"].state == state


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 99999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +2400",
    ],
    ids=["offset", "year", "day"],
)
def test_a_date_that_no_calendar_has_is_no_date(date: str) -> None:
    def dated(response: httpx.Response) -> httpx.Response:
        response.headers["date"] = date
        return response

    found = examined(speakup(clients={}, users={}), dated)

    assert found["clock"].said == "the server sends no Date that can be read"


def test_a_rate_limit_is_told_with_its_number() -> None:
    answered = 0
    too_many = httpx.Response(429, headers={"retry-after": "7"}, stream=httpx.ByteStream(b""))

    def limited(response: httpx.Response) -> httpx.Response:
        nonlocal answered
        answered += 1
        return response if answered < 10 else too_many

    found = examined(speakup(clients={}, users={}), limited)

    assert found["rate"].state == "fix"
    assert "Retry-After 7" in found["rate"].said
    assert "requests_per_second" in found["rate"].said


def test_doctor_and_explain_speak_json() -> None:
    call = CliRunner().invoke(commands, ["doctor", "speakup", "--json"], standalone_mode=False)
    assert all(one["state"] != "fix" for one in json.loads(call.stdout)["symptoms"])
    assert call.return_value == 0

    call = CliRunner().invoke(
        commands, ["explain", "RFC6749-5.1/cache-control-no-store", "--json"], standalone_mode=False
    )
    told = json.loads(call.stdout)
    assert told["checks"]
    assert told["link"].endswith("#section-5.1")


def test_list_speaks_json() -> None:
    call = CliRunner().invoke(commands, ["list", "profiles", "--json"], standalone_mode=False)

    assert {"name": "speakup"} in json.loads(call.stdout)


def test_a_requirement_that_no_check_judges_says_why() -> None:
    from idprobe.judge.untested import load_untested  # noqa: PLC0415 -- slow

    identifier, because = next(
        pair for one in load_untested().values() for pair in one.because.items()
    )

    call = CliRunner().invoke(commands, ["explain", identifier], standalone_mode=False)

    assert because in call.stdout


def test_init_writes_a_profile_once_and_says_what_comes_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def found(_issuer: str) -> Beginning:
        return await begin(ISSUER, transport(WithoutRegistration))

    monkeypatch.setattr("idprobe.cli.init_and_doctor.begin", found)
    words, path = ["init", ISSUER, "--output"], tmp_path / "a.toml"

    first = CliRunner().invoke(commands, [*words, str(path)], standalone_mode=False)
    again = CliRunner().invoke(commands, [*words, str(path)], standalone_mode=False)
    nowhere = CliRunner().invoke(
        commands, [*words, str(tmp_path / "no" / "a.toml")], standalone_mode=False
    )
    as_json = CliRunner().invoke(
        commands, [*words, str(tmp_path / "b.toml"), "--json"], standalone_mode=False
    )

    assert load_profile(path, SECRETS).issuer == ISSUER
    assert first.output.splitlines()[0] == f"wrote {path}"
    assert "  WEB_SECRET" in first.output.splitlines()
    assert first.output.endswith(f"and:  idprobe audit {path}\n")
    assert "is there already" in str(again.exception)
    assert "cannot be written" in str(nowhere.exception)
    assert json.loads(as_json.stdout)["profile"] == str(tmp_path / "b.toml")


def test_doctor_ends_with_3_while_something_is_to_change(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('issuer = "http://127.0.0.1:1"\n[registration]\n', encoding="utf-8")

    well = CliRunner().invoke(commands, ["doctor", "reference"], standalone_mode=False)
    ill = CliRunner().invoke(commands, ["doctor", str(path)], standalone_mode=False)

    assert (well.return_value, ill.return_value) == (0, 3)
    assert well.output.endswith("ready: idprobe audit\n")
    assert ill.output.endswith(" to change\n")


def test_doctor_asks_nothing_where_nobody_allowed_it(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        'issuer = "https://id.example"\n[clients.app]\nclient_id = "app"\n'
        'token_endpoint_auth_method = "none"\nredirect_uris = ["https://client.example/cb"]\n',
        encoding="utf-8",
    )

    call = CliRunner().invoke(commands, ["doctor", str(path)], standalone_mode=False)

    assert isinstance(call.exception, UsageError)
    assert "authorized_by" in str(call.exception)


@pytest.mark.parametrize(
    ("registers", "line"),
    [
        (False, "say in [target] who allows the test and until when"),
        (True, "and:  idprobe audit {path} --register"),
    ],
)
def test_init_says_what_is_still_lacking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, *, registers: bool
) -> None:
    async def found(_issuer: str) -> Beginning:
        return Beginning("", (), registers=registers, needs_consent=not registers)

    monkeypatch.setattr("idprobe.cli.init_and_doctor.begin", found)
    path = tmp_path / "a.toml"

    call = CliRunner().invoke(
        commands, ["init", "https://id.example", "-o", str(path)], standalone_mode=False
    )

    lines = call.output.splitlines()
    assert line.format(path=path) in lines
    assert "set these in the environment:" not in lines
