"""Every scenario against the embedded server: all of it works, and what is wrong is found."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import pytest
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse
from starlette.responses import Response as HttpResponse

from idprobe.content import content
from idprobe.errors import EvidenceError, ProbeError
from idprobe.load.callers import (
    AuthorizationCode,
    AuthorizationCodeSession,
    Caller,
    ClientCredentials,
    Implicit,
    Introspection,
    Mixed,
    RefreshChain,
    UserInfo,
    end_users,
)
from idprobe.load.callers.context import LoadContext, load_context, run_flow
from idprobe.load.callers.mixed import KINDS, mix_of
from idprobe.load.engine.responses import HeadCache
from idprobe.load.engine.transport import Transport
from idprobe.load.measure.recording import Recording
from idprobe.load.run.plan import Closed, Plan
from idprobe.load.run.worker import LoadWorker, preflight
from idprobe.load.tokens import rules
from idprobe.load.tokens.correctness import Findings, WrongAnswer
from idprobe.load.tokens.owners import Owner
from idprobe.load.tokens.response_templates import TokenResponseTemplate
from idprobe.model.exchange import Response
from idprobe.model.profile import Client, Profile, Provider, Role, User, load_profile, with_issuer
from idprobe_reference.config import ClientConfig, speakup_config
from idprobe_reference.endpoints.replies import json_reply
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, Code, RefreshToken


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    """Return the profile of an embedded server that runs."""
    with serve(speakup_config()) as server:
        yield located(server.issuer)


def located(issuer: str) -> Profile:
    shipped = load_profile(content("fixtures", "providers", "speakup.toml"), {})
    return with_issuer(shipped, issuer)


def recorded(context: LoadContext, kind: type[Caller], users: int = 3) -> Recording:
    work = LoadWorker(context, kind, Plan(Closed(users), 0.5, callers=users))
    work.join_one(users)
    work.run()
    assert work.refusal is None
    return work.recording


@pytest.mark.parametrize("name", [*KINDS, "mixed"])
def test_every_scenario_works_and_a_sound_server_is_not_accused(
    profile: Profile, name: str
) -> None:
    context, kind = load_context(profile), KINDS.get(name, Mixed)
    preflight(context, kind)

    recording = recorded(context, kind)

    assert recording.doubt is None
    assert dict(recording.failures) == dict(recording.findings) == {}
    assert recording.succeeded >= 3
    assert recording.requests >= recording.succeeded


def test_every_kind_of_caller_has_a_scenario_file() -> None:
    files = {path.stem for path in content("loadtests").glob("*.py")}

    assert files == {*KINDS, "mixed"}


def test_clients_and_users_are_dealt_out_in_turn(profile: Profile) -> None:
    context = load_context(profile)
    web = replace(profile.clients["web"], name="web2", client_id="web2")
    context.profile = replace(profile, clients={**profile.clients, "web2": web})

    seen = [RefreshChain(context, number).provider for number in range(4)]

    pairs = [(one.client.client_id, one.user.name if one.user else "") for one in seen]
    assert len(set(pairs)) == 4
    assert Counter(client for client, _ in pairs) == {"web": 2, "web2": 2}


def test_an_id_token_alone_brings_an_implicit_client_no_token_to_remember(
    profile: Profile,
) -> None:
    context = load_context(profile)
    (client,) = context.clients(Role.IMPLICIT)
    alone = replace(client, response_types=("id_token",))
    context.profile = replace(profile, clients={"alone": alone})

    run_flow(context.transport, Implicit(context, 0).iterate())

    assert context.findings.tokens_seen == 0
    assert not context.findings.breaches


class TokenOfAnother(ReferenceServer):
    """Gives every second caller the token that the one before got."""

    last = ""
    issued = 0

    async def access_token_value(self, token: AccessToken) -> str:
        self.issued += 1
        if self.issued % 2 or not self.last:
            self.last = await super().access_token_value(token)
        return self.last


class BrokenChain(ReferenceServer):
    """Forgets every fifth refresh token."""

    looked_up = 0

    def find_refresh_token(self, value: str) -> RefreshToken | None:
        self.looked_up += 1
        return super().find_refresh_token(value) if self.looked_up % 5 else None


class ErrorPage(ReferenceServer):
    """Answers every tenth token request by a page."""

    asked = 0

    async def token(self, request: HttpRequest) -> HttpResponse:
        self.asked += 1
        if self.asked % 10:
            return await super().token(request)
        return HTMLResponse("<h1>busy</h1>", 500)


class CodeForEver(ReferenceServer):
    """Takes a code as often as it comes."""

    def code_is_usable(self, code: Code) -> bool:
        del code
        return True


class NotYours(ReferenceServer):
    """Tells nobody of any token, as RFC 7662 section 2.2 allows."""

    def may_introspect(self, client: ClientConfig, token: AccessToken | RefreshToken) -> bool:
        del client, token
        return False


class BriefTokens(ReferenceServer):
    """Lets each access token end after a few uses, as if its time were over; tells no time."""

    async def token(self, request: HttpRequest) -> HttpResponse:
        answer = await super().token(request)
        members = json.loads(bytes(answer.body))
        members.pop("expires_in", None)
        return json_reply(members, answer.status_code)

    uses: ClassVar[Counter[str]] = Counter()

    def access_token_is_active(self, token: AccessToken) -> bool:
        self.uses[token.value] += 1
        return super().access_token_is_active(token) and self.uses[token.value] <= 5


@pytest.mark.parametrize("kind", [Introspection, UserInfo])
def test_a_token_that_comes_to_its_end_is_replaced(kind: type[Caller]) -> None:
    with serve(speakup_config(), server_class=BriefTokens) as server:
        recording = recorded(load_context(located(server.issuer)), kind)

    assert recording.succeeded > 5 * 3
    assert dict(recording.failures) == dict(recording.findings) == {}
    assert "nobody had told" in "".join(recording.warnings)


def test_a_server_that_tells_nobody_of_its_tokens_is_not_accused() -> None:
    with serve(speakup_config(), server_class=NotYours) as server:
        profile = located(server.issuer)
        with pytest.raises(ProbeError, match="may not ask about its own tokens"):
            preflight(load_context(profile), Introspection)

        recording = recorded(load_context(profile), Mixed)

    assert dict(recording.failures) == dict(recording.findings) == {}
    assert any("mixed leaves out introspection" in one for one in recording.warnings)


@pytest.mark.parametrize(
    ("server_class", "kind", "what"),
    [
        (TokenOfAnother, AuthorizationCodeSession, "issued for two users"),
        (BrokenChain, RefreshChain, "chain of refresh tokens broke"),
        (ErrorPage, ClientCredentials, "status 500 with text/html"),
        (CodeForEver, AuthorizationCode, "authorization code worked twice"),
    ],
)
def test_a_server_that_is_wrong_under_load_is_found(
    server_class: type[ReferenceServer], kind: type[Caller], what: str
) -> None:
    with serve(speakup_config(), server_class=server_class) as server:
        recording = recorded(load_context(located(server.issuer)), kind, users=4)

    assert any(what in finding for finding in recording.findings), recording.findings


OWNER = Provider(
    Profile("t", "t.toml", "http://127.0.0.1"),
    {},
    Client("web", "web", "secret"),
    User("alice", "alice", "password"),
)
OTHER = replace(OWNER, user=User("bob", "bob", "password"))
JSON = (("Content-Type", "application/json"),)


def answer(media_type: str | None = None) -> Response:
    body = b'{"access_token":"t1","token_type":"Bearer"}'
    headers = JSON if media_type is None else (("Content-Type", media_type),)
    return Response(200, headers, body)


class BusyOnce(ReferenceServer):
    """Refuses the first token request, whatever it asks for."""

    busy = True

    async def token(self, request: HttpRequest) -> HttpResponse:
        if self.busy:
            self.busy = False
            return HttpResponse("later", 503)
        return await super().token(request)


def test_a_code_that_brought_no_tokens_may_work_when_load_is_over() -> None:
    with serve(speakup_config(), server_class=BusyOnce) as server:
        context = load_context(located(server.issuer))
        caller = AuthorizationCode(context, 0)
        with pytest.raises(ProbeError, match="status 503"):
            run_flow(context.transport, caller.iterate())

        run_flow(context.transport, caller.conclude())

    assert not context.findings.breaches


@pytest.mark.parametrize(("within_s", "checked"), [(10.0, 1), (0.0, 0)])
def test_a_refusal_of_a_code_that_may_have_expired_is_not_counted_as_right(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, within_s: float, checked: int
) -> None:
    monkeypatch.setattr(end_users, "CODE_S", within_s)
    context = load_context(profile)
    caller = AuthorizationCode(context, 0)

    for part in (caller.iterate(), caller.conclude()):
        run_flow(context.transport, part)

    assert context.findings.checked[rules.CODE_ONCE] == checked


def test_the_same_token_again_is_allowed_for_the_same_three() -> None:
    findings = Findings()

    findings.tokens(answer(), OWNER)
    findings.tokens(answer(), OWNER)

    assert not findings.kinds


@pytest.mark.parametrize(
    ("provider", "fresh", "what"),
    [
        (OTHER, False, "for two users"),
        (OWNER.with_client(Client("second", "second")), False, "to two clients"),
        (OWNER, True, "issued twice"),
    ],
)
def test_a_token_of_another_is_found(provider: Provider, *, fresh: bool, what: str) -> None:
    findings = Findings(fresh=fresh)
    findings.tokens(answer(), OWNER)

    with pytest.raises(WrongAnswer, match=what):
        findings.tokens(answer(), provider)
    assert findings.kinds.total() == 1


def test_a_subject_that_changes_hands_is_found() -> None:
    findings = Findings()
    findings.subject("sub-alice", OWNER, rules.ID_TOKEN)

    findings.subject("sub-alice", OWNER, rules.ID_TOKEN)
    with pytest.raises(WrongAnswer, match="the subject of another"):
        findings.subject("sub-bob", OWNER, rules.ID_TOKEN)
    with pytest.raises(WrongAnswer, match="one subject"):
        findings.subject("sub-alice", OTHER, rules.ID_TOKEN)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_an_error_page_at_the_token_endpoint_is_found(status: int) -> None:
    findings = Findings()
    page = Response(status, (("Content-Type", "text/html"),), b"<html>busy</html>")

    with pytest.raises(WrongAnswer, match=f"status {status} with text/html"):
        findings.tokens(page, OWNER)


@pytest.mark.parametrize(
    ("status", "media_type"), [(502, "text/html"), (413, "text/html"), (500, "text/plain")]
)
def test_what_no_rule_forbids_is_mentioned_only(status: int, media_type: str) -> None:
    findings = Findings()

    with pytest.raises(EvidenceError, match=f"status {status}"):
        findings.tokens(Response(status, (("Content-Type", media_type),), b"oh"), OWNER)
    assert not findings.kinds
    assert findings.warnings.total() == 1


def test_an_access_token_may_have_another_subject_than_the_id_token() -> None:
    findings = Findings()

    findings.subject("pairwise-1", OWNER, rules.USERINFO)
    findings.subject("public-1", OWNER, rules.OF_ONE_USER)

    assert not findings.kinds


def test_the_order_of_scopes_makes_no_other_owner() -> None:
    assert Owner.of(OWNER, "a b") == Owner.of(OWNER, "b a") != Owner.of(OWNER, "a")


def test_a_scope_that_was_not_told_is_no_other_scope() -> None:
    findings = Findings()

    for scope in ("a b", None, "b a"):
        findings.issued(b"token", Owner.of(OWNER, scope))

    assert not findings.breaches


def test_one_token_of_another_in_ten_thousand_is_found() -> None:
    context = LoadContext(OWNER.profile, {}, Transport(OWNER.profile))
    second = OWNER.with_client(Client("second", "second"))
    shapes = [TokenResponseTemplate(context, provider) for provider in (OWNER, second)]
    heads = HeadCache(10_000)
    wrong = []

    for number in range(20_000):
        token = 7778 if number == 12_345 else number
        body = b'{"access_token":"%08d","token_type":"Bearer"}' % token
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        whole = heads.whole(head % len(body) + body)
        assert whole is not None
        try:
            shapes[(number // 2) % 2].check(whole)
        except WrongAnswer:
            wrong.append(number)

    assert wrong == [12_345]
    assert context.findings.breaches.total() == 1
    assert context.findings.counted()[rules.OF_ONE_CLIENT] == 20_000


def test_a_chain_that_ends_after_a_login_of_its_user_is_not_held_against_the_server() -> None:
    context = LoadContext(OWNER.profile, {}, Transport(OWNER.profile))
    linked_at = time.monotonic()

    with context.login(OWNER):
        assert context.logged_in_since(OWNER, linked_at)
        assert not context.logged_in_since(OTHER, linked_at)

    assert context.logged_in_since(OWNER, linked_at)
    assert not context.logged_in_since(OWNER, time.monotonic() + 1)


@pytest.mark.parametrize(
    ("field", "wrong"), [("30", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("soon", 1), ("-1", 1)]
)
def test_a_time_to_come_back_has_to_be_one(field: str, wrong: int) -> None:
    findings = Findings()
    page = Response(503, (("Retry-After", field),), b"later")

    with pytest.raises(EvidenceError):
        findings.tokens(page, OWNER)

    assert findings.breaches.total() == wrong
    assert findings.checked[rules.WHEN_TO_RETURN] == 1


def test_a_server_that_sheds_load_is_not_accused() -> None:
    findings = Findings()
    page = Response(503, (("Content-Type", "text/html"),), b"later")

    with pytest.raises(Exception, match="status 503"):
        findings.tokens(page, OWNER)
    assert not findings.kinds
    assert findings.warnings == {"status 503 without Retry-After": 1}


def test_a_token_response_of_another_media_type_is_found() -> None:
    findings = Findings()

    with pytest.raises(WrongAnswer, match="application/json"):
        findings.tokens(answer(media_type="text/plain"), OWNER)


def test_the_mix_is_the_profiles_where_it_has_one(profile: Profile) -> None:
    context = load_context(profile)
    context.profile = replace(profile, extras={"load": {"mix": {"revocation": 3, "userinfo": 0}}})

    assert dict(mix_of(context)) == {"revocation": 3}


def test_the_default_mix_leaves_out_what_the_server_has_not(profile: Profile) -> None:
    context = load_context(profile)
    context.metadata = {
        name: value for name, value in context.metadata.items() if name != "userinfo_endpoint"
    }

    mix = mix_of(context)

    assert "userinfo" not in mix
    assert {"client_credentials", "refresh_chain", "authorization_code"} <= set(mix)
