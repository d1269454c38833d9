"""Codes and tokens that end under load: who is accused, by whose word."""

import json
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

import pytest

from idprobe.client.cookies import Cookies
from idprobe.errors import EvidenceError
from idprobe.flows import Authorized, Tokens
from idprobe.load.callers import AuthorizationCode, Caller, Introspection, RefreshChain, UserInfo
from idprobe.load.callers.context import LoadContext
from idprobe.load.engine.engine import LoadFlow
from idprobe.load.engine.responses import RawResponse, ResponseHead
from idprobe.load.engine.transport import Transport
from idprobe.load.tokens import rules
from idprobe.load.tokens.correctness import WrongAnswer
from idprobe.load.tokens.lifetimes import TokenLifetime
from idprobe.model.exchange import Landing, LandingMode
from idprobe.model.profile import Client, Profile, Role, User

ISSUER: Final = "http://127.0.0.1"
ENDPOINTS: Final = {
    f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("token", "userinfo", "introspection")
}
REFUSED: Final = {"error": "invalid_grant"}


@dataclass
class Clock:
    """A monotonic clock that a test moves; nothing takes no time at all."""

    now: float = 1000.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that everything goes by."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def context_with(*roles: Role) -> LoadContext:
    uris = ("https://rp.test/cb",)
    client = Client("web", "web", "secret", redirect_uris=uris, roles=frozenset(roles))
    users = {"alice": User("alice", "alice", "password")}
    profile = Profile("t", "t.toml", ISSUER, clients={"web": client}, users=users)
    return LoadContext(profile, ENDPOINTS, Transport(profile))


def answer(members: dict[str, Any], status: int = 200) -> RawResponse:
    head = ResponseHead.of(status, (("Content-Type", "application/json"),), keep=True)
    return RawResponse(head, json.dumps(members).encode())


def tokens(**others: Any) -> RawResponse:
    return answer({"access_token": "at", "token_type": "Bearer", **others})


def played(caller: Caller, *answers: RawResponse) -> None:
    """Run one iteration of a caller, which is answered by these and asks for no more."""
    moves = caller.iterate()
    next(moves)
    for one in answers[:-1]:
        moves.send(one)
    with pytest.raises(StopIteration):
        moves.send(answers[-1])


class Chain(RefreshChain):
    """A chain whose login needs no server."""

    def log_in(self, cookies: Cookies) -> LoadFlow:
        del cookies
        yield from ()
        return Tokens("at", refresh_token="rt0")


@pytest.mark.parametrize(
    ("told", "after_s", "wrong", "undecided"),
    [
        ({}, 1.9, 1, 0),
        ({}, 3.2, 0, 1),
        ({"refresh_expires_in": 60}, 50, 1, 0),
        ({"refresh_token_expires_in": 60}, 50, 1, 0),
        ({"refresh_expires_in": 60}, 60, 0, 0),
        ({"refresh_expires_in": 1}, 1.5, 0, 0),
        ({"refresh_expires_in": 0}, 3.2, 0, 1),
    ],
    ids=["prompt", "late", "told", "told otherwise", "at its end", "brief", "endless"],
)
def test_a_chain_that_ends_is_broken_if_its_token_had_to_live(
    clock: Clock, told: dict[str, int], after_s: float, wrong: int, undecided: int
) -> None:
    context = context_with(Role.WEB)
    chain = Chain(context, 0)
    played(chain, tokens(refresh_token="rt1", **told))

    clock.now += after_s
    with pytest.raises(EvidenceError, match="a chain of refresh tokens"):
        played(chain, answer(REFUSED, 400))

    assert context.findings.breaches.total() == wrong
    assert context.findings.doubts.total() == undecided
    assert context.findings.warnings.total() == 1 - wrong
    counted = context.findings.counted()
    assert (counted[rules.REFRESH_CHAIN], counted[rules.REFUSAL]) == (1, 1)


def test_a_refusal_that_shows_the_refresh_token_leaves_it_out_of_the_result() -> None:
    chain = Chain(context_with(Role.WEB), 0)
    played(chain, tokens(refresh_token="rt1"))

    with pytest.raises(EvidenceError, match="broke within") as caught:
        played(chain, answer({"error": "rt1"}, 400))

    findings = chain.context.findings
    assert "rt1" not in f"{caught.value} {findings.breaches} {findings.warnings}"


def test_a_link_that_failed_otherwise_is_neither_right_nor_wrong(clock: Clock) -> None:
    context = context_with(Role.WEB)
    chain = Chain(context, 0)
    played(chain, tokens(refresh_token="rt1"))

    for status, members in ((503, {}), (401, {"error": "invalid_client"}), (429, {})):
        clock.now += 1
        with pytest.raises(EvidenceError):
            played(chain, answer(members, status))

    assert context.findings.counted()[rules.REFRESH_CHAIN] == 1
    assert not context.findings.breaches
    assert not context.findings.doubts


def test_a_refresh_token_that_is_kept_is_as_old_as_it_was(clock: Clock) -> None:
    context = context_with(Role.WEB)
    chain = Chain(context, 0)
    for _ in range(5):
        played(chain, tokens())
        clock.now += 1

    with pytest.raises(EvidenceError, match="an end that nobody told"):
        played(chain, answer(REFUSED, 400))
    assert not context.findings.breaches


def test_a_chain_that_is_long_may_come_to_the_end_of_its_login(clock: Clock) -> None:
    context = context_with(Role.WEB)
    chain = Chain(context, 0)
    for link in range(300):
        played(chain, tokens(refresh_token=f"rt{link}"))
        clock.now += 1

    with pytest.raises(EvidenceError, match="an end that nobody told"):
        played(chain, answer(REFUSED, 400))
    assert not context.findings.breaches


class Informed(UserInfo):
    """A client whose user's login needs no server, and tells a lifetime of a minute."""

    lifetime_s: int | None = 60

    def log_in(self, cookies: Cookies) -> LoadFlow:
        del cookies
        with self.context.login(self.provider):
            yield from ()
        return Tokens("at", expires_in=self.lifetime_s)


class Untold(Informed):
    """The same, with a login that tells no lifetime."""

    lifetime_s = None


ABOUT: Final = answer({"sub": "alice"})
DENIED: Final = answer({"error": "invalid_token"}, 401)


@pytest.mark.parametrize(
    ("kind", "after_s", "wrong", "mentioned"),
    [(Informed, 50, 1, 0), (Informed, 60, 0, 0), (Untold, 1, 0, 1)],
    ids=["before its time", "at its end", "untold"],
)
def test_userinfo_takes_a_token_until_its_end(
    clock: Clock, kind: type[Informed], after_s: float, wrong: int, mentioned: int
) -> None:
    caller = kind(context_with(Role.WEB), 0)
    played(caller, ABOUT)

    clock.now += after_s
    with nullcontext() if not wrong else pytest.raises(WrongAnswer, match="before its time"):
        played(caller, DENIED, ABOUT)
    played(caller, ABOUT)

    findings = caller.context.findings
    assert findings.breaches.total() == wrong
    assert findings.warnings.total() == mentioned
    assert findings.counted()[rules.USERINFO] == 3 - wrong


def test_a_token_that_another_login_may_have_ended_is_mentioned_only(clock: Clock) -> None:
    context = context_with(Role.WEB)
    first, second = Informed(context, 0), Informed(context, 1)
    played(first, ABOUT)
    clock.now += 1
    played(second, ABOUT)

    played(first, DENIED, ABOUT)

    assert not context.findings.breaches
    assert any("another caller" in one for one in context.findings.warnings)


def test_userinfo_that_fails_counts_as_no_right_answer() -> None:
    caller = Informed(context_with(Role.WEB), 0)

    with pytest.raises(EvidenceError, match="status 500"):
        played(caller, answer({}, 500))

    assert not caller.context.findings.counted()


@pytest.mark.parametrize(
    ("told", "mixed", "wrong", "mentioned"),
    [({"expires_in": 60}, False, 1, 0), ({"expires_in": 60}, True, 0, 1), ({}, False, 0, 1)],
    ids=["before its time", "mixed", "untold"],
)
def test_introspection_knows_a_token_until_its_end(
    clock: Clock, told: dict[str, int], mixed: bool, wrong: int, mentioned: int
) -> None:
    caller = Introspection(context_with(Role.SERVICE), 0)
    caller.context.mixed = mixed
    issued, active = tokens(**told), answer({"active": True})
    played(caller, issued, active)

    clock.now += 50
    with nullcontext() if not wrong else pytest.raises(WrongAnswer, match="before its time"):
        played(caller, answer({"active": False}), issued, active)

    findings = caller.context.findings
    assert findings.breaches.total() == wrong
    assert findings.warnings.total() == mentioned
    assert findings.counted()[rules.INTROSPECTION] == 2 - wrong


@pytest.mark.parametrize(("status", "checked"), [(400, 1), (503, 0)])
def test_only_a_refusal_says_that_a_code_is_spent(clock: Clock, status: int, checked: int) -> None:
    clock.now = 1.0
    caller = AuthorizationCode(context_with(Role.WEB), 0)
    landing = Landing("https://rp.test/cb", LandingMode.QUERY, (("code", "c1"),))
    caller.last = Authorized(landing, ())
    again = caller.conclude()
    next(again)

    with pytest.raises(StopIteration):
        again.send(answer(REFUSED, status).response())

    assert caller.context.findings.checked[rules.CODE_ONCE] == checked


def test_a_lease_ends_a_little_before_its_time() -> None:
    lifetime = TokenLifetime(1000.0, 60)

    assert lifetime.holds(1054) is True
    assert lifetime.holds(1056) is False
    assert TokenLifetime(1000.0, None).holds(1000) is None
