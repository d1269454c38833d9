"""Codes and tokens that end under load: who is accused, by whose word."""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest

from idprobe.errors import EvidenceError
from idprobe.exchange import Landing, LandingMode
from idprobe.flows import Authorized, Tokens
from idprobe.load import rules
from idprobe.load.answers import Answer, Head
from idprobe.load.callers import AuthorizationCode, Caller, RefreshChain
from idprobe.load.engine import Moves
from idprobe.load.leases import Lease
from idprobe.load.stage import Stage
from idprobe.load.transport import Transport
from idprobe.profile import Client, Profile, Role, User
from idprobe.wire import Cookies

ISSUER: Final = "http://127.0.0.1"
ENDPOINTS: Final = {"token_endpoint": f"{ISSUER}/token"}
REFUSED: Final = {"error": "invalid_grant"}


@dataclass
class Clock:
    """A monotonic clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that everything goes by."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def stage_with(*roles: Role) -> Stage:
    uris = ("https://rp.test/cb",)
    client = Client("web", "web", "secret", redirect_uris=uris, roles=frozenset(roles))
    users = {"alice": User("alice", "alice", "password")}
    profile = Profile("t", "t.toml", ISSUER, clients={"web": client}, users=users)
    return Stage(profile, ENDPOINTS, Transport(profile))


def answer(members: dict[str, Any], status: int = 200) -> Answer:
    head = Head.of(status, (("Content-Type", "application/json"),), keep=True)
    return Answer(head, json.dumps(members).encode())


def tokens(**others: Any) -> Answer:
    return answer({"access_token": "at", "token_type": "Bearer", **others})


def played(caller: Caller, *answers: Answer) -> None:
    """Run one iteration of a caller, which is answered by these."""
    moves = caller.iterate()
    next(moves)
    for one in answers:
        try:
            moves.send(one)
        except StopIteration:
            return


class Chain(RefreshChain):
    """A chain whose login needs no server."""

    def log_in(self, cookies: Cookies) -> Moves:
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
    stage = stage_with(Role.WEB)
    chain = Chain(stage, 0)
    played(chain, tokens(refresh_token="rt1", **told))

    clock.now += after_s
    with pytest.raises(EvidenceError, match="a chain of refresh tokens"):
        played(chain, answer(REFUSED, 400))

    assert stage.findings.breaches.total() == wrong
    assert stage.findings.doubts.total() == undecided
    assert stage.findings.warnings.total() == 1 - wrong
    counted = stage.findings.counted()
    assert (counted[rules.REFRESH_CHAIN], counted[rules.REFUSAL]) == (1, 1)


def test_a_link_that_failed_otherwise_is_neither_right_nor_wrong(clock: Clock) -> None:
    stage = stage_with(Role.WEB)
    chain = Chain(stage, 0)
    played(chain, tokens(refresh_token="rt1"))

    for status, members in ((503, {}), (401, {"error": "invalid_client"}), (429, {})):
        clock.now += 1
        with pytest.raises(EvidenceError):
            played(chain, answer(members, status))

    assert stage.findings.counted()[rules.REFRESH_CHAIN] == 1
    assert not stage.findings.breaches
    assert not stage.findings.doubts


def test_a_refresh_token_that_is_kept_is_as_old_as_it_was(clock: Clock) -> None:
    stage = stage_with(Role.WEB)
    chain = Chain(stage, 0)
    for _ in range(5):
        played(chain, tokens())
        clock.now += 1

    with pytest.raises(EvidenceError, match="an end that nobody told"):
        played(chain, answer(REFUSED, 400))
    assert not stage.findings.breaches


@pytest.mark.parametrize(("status", "checked"), [(400, 1), (503, 0)])
def test_only_a_refusal_says_that_a_code_is_spent(clock: Clock, status: int, checked: int) -> None:
    clock.now = 1.0
    caller = AuthorizationCode(stage_with(Role.WEB), 0)
    landing = Landing("https://rp.test/cb", LandingMode.QUERY, (("code", "c1"),))
    caller.last = Authorized(landing, ())
    again = caller.conclude()
    next(again)

    with pytest.raises(StopIteration):
        again.send(answer(REFUSED, status).response())

    assert caller.stage.findings.checked[rules.CODE_ONCE] == checked


def test_a_lease_ends_a_little_before_its_time() -> None:
    lease = Lease(1000.0, 60)

    assert lease.holds(1054) is True
    assert lease.holds(1056) is False
    assert Lease(1000.0, None).holds(1000) is None
