"""What callers make of single answers, which no server in good health gives."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import pytest

from idprobe.client.cookies import Cookies
from idprobe.errors import EvidenceError, IdprobeError, ProfileError, UsageError
from idprobe.flows import Tokens
from idprobe.formats.jose import encode
from idprobe.load.callers import (
    Caller,
    Introspection,
    Mixed,
    RefreshChain,
    UserInfo,
)
from idprobe.load.callers.context import LoadContext
from idprobe.load.callers.mixed import KINDS, mix_of
from idprobe.load.engine.encoded_requests import MARK, Template
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.responses import RawResponse, ResponseHead
from idprobe.load.engine.transport import Transport
from idprobe.load.tokens import correctness, introspection, rules
from idprobe.load.tokens.correctness import Findings, WrongAnswer
from idprobe.load.tokens.lifetimes import TokenLifetime
from idprobe.load.tokens.owners import Owner
from idprobe.model.exchange import Request
from idprobe.model.profile import Client, Network, Profile, Provider, Role, User

URL: Final = "http://127.0.0.1:1"
ENDPOINTS: Final = {
    "issuer": URL,
    **{
        name: f"{URL}/{name}"
        for name in (
            "token_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
        )
    },
}
CLIENT: Final = Client(
    "web",
    "web",
    "secret",
    response_types=("code", "id_token token"),
    roles=frozenset({Role.WEB, Role.SERVICE, Role.IMPLICIT}),
)
ALICE: Final = User("alice", "alice", "password")
PROFILE: Final = Profile("t", "t.toml", URL, clients={"web": CLIENT}, users={"alice": ALICE})
OWNER: Final = Provider(PROFILE, ENDPOINTS, CLIENT, ALICE)
JWT_HEAD: Final = "eyJhbGciOiJub25lIn0"


def context_of(profile: Profile = PROFILE) -> LoadContext:
    return LoadContext(profile, ENDPOINTS, Transport(profile))


def answer(status: int = 200, **members: Any) -> RawResponse:
    head = ResponseHead.of(status, (("Content-Type", "application/json"),), keep=True)
    return RawResponse(head, json.dumps(members).encode())


TOKEN: Final = answer(access_token="t1", token_type="Bearer", expires_in=60)


def told(moves: LoadFlow, answers: Sequence[RawResponse]) -> None:
    """Carry a caller through answers, one for each of its requests."""
    try:
        next(moves)
        for one in answers:
            moves.send(one)
    except StopIteration:
        return
    finally:
        moves.close()


@pytest.mark.parametrize(
    ("name", "answers", "rule", "what"),
    [
        ("introspection", [TOKEN, answer(500)], None, "wanted an introspection response, got"),
        (
            "introspection",
            [TOKEN, answer(active=True, client_id="other")],
            rules.OF_ONE_CLIENT,
            "was introspected as another client's",
        ),
        (
            "introspection",
            [TOKEN, answer(active=False)],
            rules.INTROSPECTION,
            "a fresh access token was introspected as not active",
        ),
        ("revocation", [TOKEN, answer(503)], None, "wanted the token revoked, got status 503"),
        ("metadata_and_keys", [answer(404)], None, "wanted metadata, got status 404"),
        (
            "metadata_and_keys",
            [answer(issuer="http://other")],
            rules.DOCUMENTS,
            "the metadata named another issuer",
        ),
        (
            "metadata_and_keys",
            [answer(issuer=URL), answer(502)],
            None,
            "wanted a JWK set, got status 502",
        ),
        (
            "metadata_and_keys",
            [answer(issuer=URL), answer(keys=[])],
            rules.DOCUMENTS,
            "the JWK set had no keys",
        ),
        (
            "client_credentials",
            [answer(access_token="t1")],
            rules.TOKEN_RESPONSE,
            "had no token_type",
        ),
    ],
)
def test_an_answer_that_is_no_use_fails_and_accuses_where_a_rule_forbids_it(
    name: str, answers: Sequence[RawResponse], rule: str | None, what: str
) -> None:
    context = context_of()

    with pytest.raises(EvidenceError, match=what):
        told(KINDS[name](context, 0).iterate(), answers)

    assert {one.partition(" ")[0] for one in context.findings.breaches} == ({rule} - {None})


@pytest.mark.parametrize("name", KINDS)
def test_a_caller_that_has_not_begun_holds_no_token(name: str) -> None:
    assert list(KINDS[name](context_of(), 0).held()) == []


class Given(UserInfo):
    """Has its access token without a login."""

    def log_in(self, cookies: Cookies) -> LoadFlow:
        del cookies
        yield Request.get(self.provider.issuer)
        return Tokens("t1", expires_in=60)


@pytest.mark.parametrize(
    ("answers", "rule", "what"),
    [
        ([answer(401)], rules.USERINFO, "was denied before its time"),
        ([answer(500)], None, "wanted the user's claims, got status 500"),
        ([answer(name="Alice")], rules.USERINFO, "an answer about a user had no sub"),
    ],
)
def test_userinfo_for_a_fresh_token_has_to_be_about_somebody(
    answers: Sequence[RawResponse], rule: str | None, what: str
) -> None:
    context = context_of()

    with pytest.raises(EvidenceError, match=what):
        told(Given(context, 0).iterate(), [answer(), *answers])

    assert {one.partition(" ")[0] for one in context.findings.breaches} == ({rule} - {None})


def test_userinfo_that_denies_a_token_of_untold_lifetime_at_once_is_a_failure_only() -> None:
    context = context_of()

    class Untold(Given):
        def prepare(self) -> LoadFlow:
            yield from super().prepare()
            self._lifetime = TokenLifetime(0.0, None)

    with pytest.raises(EvidenceError, match="for a fresh token, got status 401"):
        told(Untold(context, 0).iterate(), [answer(), answer(401)])

    assert not context.findings.breaches


def test_userinfo_may_be_a_jwt() -> None:
    context = context_of()
    caller = Given(context, 0)
    head = ResponseHead.of(200, (("Content-Type", "application/jwt"),), keep=True)
    claims = RawResponse(head, f"{JWT_HEAD}.eyJzdWIiOiJzLTEifQ.".encode())

    told(caller.iterate(), [answer(), claims])

    assert context.findings.checked[rules.USERINFO] == 1
    assert list(caller.held()) == [(b"t1", "web")]
    with pytest.raises(WrongAnswer, match="the subject of another"):
        context.findings.subject("s-2", OWNER, rules.USERINFO)


class Unlinked(RefreshChain):
    """Logs in and gets whatever tokens are given."""

    tokens = Tokens("a1")

    def log_in(self, cookies: Cookies) -> LoadFlow:
        del cookies
        yield Request.get(self.provider.issuer)
        return self.tokens


def test_a_chain_without_a_first_refresh_token_says_what_the_client_lacks() -> None:
    with pytest.raises(EvidenceError, match="needs the grant, and maybe the scope offline_access"):
        told(Unlinked(context_of(), 0).prepare(), [answer()])


def test_a_chain_that_ends_after_a_login_is_mentioned_and_nobody_accused() -> None:
    context = context_of()
    chain = Unlinked(context, 0)
    chain.tokens = Tokens("a1", refresh_token="r1")
    told(chain.prepare(), [answer()])
    context.disturbed(chain.provider)

    with pytest.raises(EvidenceError, match="ended after a login of its user"):
        told(chain.iterate(), [answer(400, error="invalid_grant")])

    assert not context.findings.breaches
    assert context.findings.warnings.total() == 1


def mixed(**weights: float) -> Profile:
    return replace(PROFILE, extras={"load": {"mix": weights}})


@pytest.mark.parametrize(
    ("weights", "error", "said"),
    [
        ({"refresh_chian": 1}, ProfileError, "no 'refresh_chian': use client_credentials, "),
        ({"userinfo": 0}, UsageError, "no weight is more than nothing"),
    ],
)
def test_a_mix_that_cannot_be_played_is_told(
    weights: dict[str, float], error: type[IdprobeError], said: str
) -> None:
    with pytest.raises(error, match=rf"t\.toml: load\.mix: {said}"):
        mix_of(context_of(mixed(**weights)))


def test_the_default_mix_of_a_profile_without_users_logs_nobody_in() -> None:
    assert set(mix_of(context_of(replace(PROFILE, users={})))) == {
        "client_credentials",
        "introspection",
        "metadata_and_keys",
        "revocation",
    }


def test_what_a_profile_asks_for_in_its_mix_is_never_left_out() -> None:
    with pytest.raises(EvidenceError, match="may not ask about its own tokens"):
        told(Mixed(context_of(mixed(introspection=1)), 0).prepare(), [TOKEN, answer(active=False)])


def test_a_mix_goes_on_past_no_wrong_answer() -> None:
    context = context_of(replace(PROFILE, users={}))

    with pytest.raises(WrongAnswer, match="introspected as another client's"):
        told(Mixed(context, 0).prepare(), [TOKEN, answer(active=True, client_id="other")])

    assert not context.findings.warnings


def test_a_mix_of_which_nothing_works_is_no_load() -> None:
    class Alone(Mixed):
        def __init__(self, context: LoadContext, number: int) -> None:
            super().__init__(context, number)
            self._parts, self._weights = (Introspection(context, 0),), (1.0,)

    with pytest.raises(EvidenceError, match="nothing of the mix works at this server"):
        told(Alone(context_of(), 0).prepare(), [TOKEN, answer(active=False)])


@pytest.mark.parametrize(
    ("caller", "profile", "said"),
    [
        (KINDS["userinfo"], replace(PROFILE, users={}), r"users: this scenario logs in: add"),
        (KINDS["userinfo"], replace(PROFILE, clients={}), "no client plays the role web"),
    ],
)
def test_a_scenario_says_what_the_profile_lacks_for_it(
    caller: type[Caller], profile: Profile, said: str
) -> None:
    with pytest.raises(ProfileError, match=said):
        caller(context_of(profile), 0)


def test_load_goes_by_no_proxy() -> None:
    proxied = replace(PROFILE, network=Network(proxy="http://127.0.0.1:3128"))

    with pytest.raises(UsageError, match=r"network\.proxy: load goes to the server directly"):
        Transport(proxied)


def test_load_logs_in_by_no_browser() -> None:
    browsing = replace(PROFILE, login=replace(PROFILE.login, driver="browser"))

    with pytest.raises(UsageError, match=r"load logs in by forms only, not by 'browser'"):
        told(KINDS["authorization_code"](context_of(browsing), 0).iterate(), [])


def jwt(**claims: Any) -> str:
    return f"{JWT_HEAD}.{encode(json.dumps(claims).encode())}."


def test_an_opaque_token_with_two_dots_says_nothing_of_its_owner() -> None:
    findings = Findings()

    findings.tokens_of(Tokens("not.a.jwt"), OWNER)

    assert not findings.breaches
    assert rules.OF_ONE_CLIENT not in findings.checked


def test_a_jwt_that_names_no_client_is_held_against_none() -> None:
    findings = Findings()

    findings.tokens_of(Tokens(jwt(sub="s-1")), OWNER)

    assert findings.checked == {rules.OF_ONE_USER: 1}


@pytest.mark.parametrize("audience", ["other", ["other", "third"], None])
def test_an_id_token_for_another_client_is_found(audience: Any) -> None:
    findings = Findings()

    with pytest.raises(WrongAnswer, match=r"for another client \(aud\)"):
        findings.tokens_of(Tokens("t", id_token=jwt(sub="s-1", aud=audience)), OWNER)


def test_an_id_token_without_a_subject_names_nobody() -> None:
    findings = Findings()

    findings.tokens_of(Tokens("t1", id_token=jwt(aud="web")), OWNER)
    findings.tokens_of(Tokens("t2", id_token=jwt(aud="web", sub="s-1")), OWNER)

    assert not findings.breaches


def test_one_token_for_two_scopes_is_found() -> None:
    findings = Findings()
    findings.issued(b"t", Owner.of(OWNER, "read"))

    with pytest.raises(WrongAnswer, match="for two scopes"):
        findings.issued(b"t", Owner.of(OWNER, "write"))


def test_tokens_are_remembered_for_one_generation_and_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correctness, "GENERATION", 2)
    findings, mine, other = Findings(), Owner.of(OWNER, "a"), Owner("other", "")
    for number in range(5):
        findings.issued(b"%d" % number, mine)

    with pytest.raises(WrongAnswer, match="to two clients"):
        findings.issued(b"2", other)
    findings.issued(b"0", other)

    assert findings.tokens_seen == 7


def asked_about(said: RawResponse) -> tuple[LoadContext, str | None]:
    """Return a context whose one opaque token was asked about, and what came of it in words."""
    context = context_of()
    context.findings.issued(b"opaque", Owner.of(OWNER, None))
    (user,) = introspection.introspectors(context)
    flow = user.caller.conclude()
    next(flow)
    with suppress(StopIteration):
        flow.send(said.response())
    return context, introspection.introspection_note(context)


def test_a_token_that_is_told_to_be_anothers_is_found_when_load_is_over() -> None:
    with pytest.raises(WrongAnswer, match="introspected as another client's"):
        asked_about(answer(active=True, client_id="other"))


@pytest.mark.parametrize(
    "said",
    [
        answer(403, error="access_denied"),
        RawResponse(ResponseHead.of(200, (("Content-Type", "text/html"),), keep=True), b"<p>no"),
        answer(active=False),
    ],
    ids=["refused", "page", "inactive"],
)
def test_what_tells_nothing_of_a_token_is_no_check(said: RawResponse) -> None:
    context, words = asked_about(said)

    assert words is not None
    assert "of 1 that clients asked about their own, none was told of as active" in words
    assert not context.findings.checked[rules.OF_ONE_CLIENT]


def test_opaque_tokens_of_a_server_without_introspection_are_said_to_be_unchecked() -> None:
    context = context_of()
    context.metadata = {}
    context.findings.issued(b"opaque", Owner.of(OWNER, None))

    assert introspection.introspectors(context) == ()
    told = introspection.introspection_note(context) or ""
    assert "[endpoints] of the profile has an introspection_endpoint" in told


@pytest.mark.parametrize(
    "marked",
    [Request.get(f"{URL}/"), Request.get(f"{URL}/", (("a", MARK), ("b", MARK)))],
    ids=["nowhere", "twice"],
)
def test_a_template_has_its_value_at_one_place(marked: Request) -> None:
    with pytest.raises(UsageError, match="at one place of the request"):
        Template(marked, Transport(PROFILE))


def test_no_token_of_a_server_can_add_a_header_to_our_requests() -> None:
    bearer = Request.get(f"{URL}/", headers=(("Authorization", f"Bearer {MARK}"),))
    template = Template(bearer, Transport(PROFILE))

    assert b"Authorization: Bearer t1\r\n" in template.filled("t1").data
    for token in ("t1\r\nX-Evil: 1", "t\u00fc"):
        with pytest.raises(UsageError, match="cannot stand in a header"):
            template.filled(token)
