"""Token responses under load, held against the first answer to the same request."""

import json
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, Final

import pytest

from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.responses import HeadCache, RawResponse
from idprobe.load.engine.transport import Transport
from idprobe.load.tokens import rules
from idprobe.load.tokens.correctness import Findings, WrongAnswer
from idprobe.load.tokens.response_templates import TokenResponseTemplate
from idprobe.model.exchange import Response
from idprobe.model.profile import Client, Profile, Provider, User

OWNER: Final = Provider(
    Profile("t", "t.toml", "http://127.0.0.1"),
    {},
    Client("web", "web", "secret"),
    User("alice", "alice", "password"),
)
OTHER: Final = replace(OWNER, user=User("bob", "bob", "password"))


def answer(**members: Any) -> Response:
    told = {"access_token": "t1", "token_type": "Bearer", **members}
    return Response(200, (("Content-Type", "application/json"),), json.dumps(told).encode())


def expected(what: str | None) -> AbstractContextManager[Any]:
    return nullcontext() if what is None else pytest.raises(WrongAnswer, match=what)


@pytest.mark.parametrize(
    ("asked", "first", "second", "wrong"),
    [
        ("a b", {"scope": "a b"}, {"scope": "b a"}, False),
        ("a b", {"scope": "a b"}, {}, False),
        ("a b", {}, {"scope": "a b"}, False),
        ("a b", {"scope": "a"}, {"scope": "a"}, False),
        ("a b", {"scope": "a b"}, {"scope": "a"}, True),
        ("a b", {"scope": "a"}, {}, True),
        ("a b", {}, {"scope": "a b c"}, True),
        (None, {"scope": "a"}, {"scope": "a c"}, True),
        (None, {"scope": "a"}, {}, False),
        (None, {}, {"scope": "a"}, False),
        ("a offline_access", {"scope": "a offline_access"}, {"scope": "a"}, False),
    ],
)
def test_a_scope_is_that_of_the_first_answer_to_the_same_request(
    asked: str | None, first: dict[str, str], second: dict[str, str], wrong: bool
) -> None:
    findings = Findings()
    findings.tokens(answer(**first), OWNER, grant="g", scope=asked)

    with expected("another scope than the first" if wrong else None):
        findings.tokens(answer(access_token="t2", **second), OWNER, grant="g", scope=asked)

    assert {one.split()[0] for one in findings.breaches} <= {rules.TOKEN_RESPONSE}


def test_other_requests_and_other_users_may_have_other_scopes() -> None:
    findings = Findings()

    findings.tokens(answer(scope="a"), OWNER, grant="g", scope="a b")
    findings.tokens(answer(access_token="t2", scope="b"), OTHER, grant="g", scope="a b")
    findings.tokens(answer(access_token="t3", scope="b"), OWNER, grant="g", scope="b")
    findings.tokens(answer(access_token="t4", scope="b"), OWNER, grant="h", scope="a b")

    assert not findings.breaches


@pytest.mark.parametrize(("kind", "wrong"), [("bearer", False), ("N_A", True)])
def test_a_token_type_is_that_of_the_first_answer(kind: str, wrong: bool) -> None:
    findings = Findings()
    findings.tokens(answer(), OWNER)

    with expected("another token_type" if wrong else None):
        findings.tokens(answer(access_token="t2", token_type=kind), OWNER)


@pytest.mark.parametrize("value", [0, 60, 3600.0, "600", None])
def test_a_number_of_seconds_is_a_lifetime_however_it_is_written(value: Any) -> None:
    findings = Findings()

    findings.tokens(answer(expires_in=value), OWNER)

    assert not findings.breaches


@pytest.mark.parametrize("value", [-1, 1.5, 1e400, "soon", "-2", True, [60]])
def test_what_is_no_number_of_seconds_is_no_lifetime(value: Any) -> None:
    findings = Findings()
    body = answer(expires_in=value)
    body = replace(body, body=body.body.replace(b"Infinity", b"1e400"))

    with expected("expires_in"):
        findings.tokens(body, OWNER)


def test_a_scope_that_grows_among_answers_of_one_form_is_found() -> None:
    shape = TokenResponseTemplate(LoadContext(OWNER.profile, {}, Transport(OWNER.profile)), OWNER)
    heads = HeadCache(10_000)

    def whole(number: int, scope: str) -> RawResponse:
        body = json.dumps({"access_token": f"{number:08}", "token_type": "Bearer", "scope": scope})
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        found = heads.whole(f"{head}\r\n\r\n{body}".encode())
        assert found is not None
        return found

    for number in range(20):
        shape.check(whole(number, "a"))
    with expected("another scope"):
        shape.check(whole(20, "admin"))
    shape.check(whole(21, "a"))

    assert shape.expires_in is None


def test_what_a_server_reflects_is_not_shown() -> None:
    findings = Findings()

    for number in range(50):
        page = Response(400, (("Content-Type", f"text/x-secret-{number}"),), b"oh")
        with pytest.raises(WrongAnswer, match="another media type"):
            findings.tokens(page, OWNER)

    assert len(findings.breaches) == 1


def test_a_token_that_is_escaped_in_its_answer_is_read_each_time() -> None:
    context = LoadContext(OWNER.profile, {}, Transport(OWNER.profile))
    heads = HeadCache(10_000)

    def whole(token: str) -> RawResponse:
        body = json.dumps({"access_token": token, "token_type": "Bearer"}).replace("/", "\\/")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        found = heads.whole(f"{head}\r\n\r\n{body}".encode())
        assert found is not None
        return found

    shape = TokenResponseTemplate(context, OWNER)
    tokens = [shape.check(whole(token)) for token in ("a/1", "b/2", "c/3")]

    assert tokens == [b"a/1", b"b/2", b"c/3"]
    with expected("for two users"):
        TokenResponseTemplate(context, OTHER).check(whole("b/2"))
