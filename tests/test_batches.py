"""Mutants in one server: each is tried alone by what the batch leaves open, and by no more."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest
from joserfc import jwk
from starlette.responses import Response

from idprobe.audit.audit import Audit
from idprobe.errors import HarnessError
from idprobe.model.effort import Effort
from idprobe.model.verdict import Judgement
from idprobe.observe.selection import Selection
from idprobe_reference.mutants import MUTANTS, MutantInfo
from idprobe_reference.server import ReferenceServer
from tools.proving import batches, running, trial
from tools.proving.batches import Batch, Kind, batches_of, judged_as
from tools.proving.reach import Reach
from tools.proving.running import all_tried
from tools.proving.trial import BASE, Trial, declared_probes

STORED: Final = "token-response-may-be-stored"
REGISTERED: Final = "registered-is-200"
SPACED: Final = "token-type-has-space"
SEARCHED: Final = "revocation-does-nothing"
BRIEF: Final = "access-tokens-outlive-their-time"
SPOILER: Final = "resource-is-a-required-parameter"
ANSWERED: Final = frozenset({"client_registered", "code_answer", "refresh_answer"})
NOTHING: Final[Mapping[str, Collection[str]]] = {}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> dict[str, MutantInfo]:
    """The mutants that there are, and those that a test adds."""
    found = dict(MUTANTS)
    for module in (batches, running, trial):
        monkeypatch.setattr(module, "MUTANTS", found)
    return found


def plan_of(names: Sequence[str]) -> dict[str, list[str]]:
    return dict.fromkeys(names, sorted(ANSWERED | BASE))


def left(
    names: Sequence[str], changed: Mapping[str, Collection[str]] = NOTHING
) -> Mapping[str, set[str]]:
    """Return the probes that mutants in one server leave open, those in front first."""
    sound = judged_as(Kind.of(MUTANTS[STORED]), ReferenceServer, ANSWERED)
    changes = {name: changed.get(name, ()) for name in names}
    return Batch(tuple(names), plan_of(names)).left(sound, changes)


def test_each_mutant_is_left_with_what_is_about_it() -> None:
    found = left([STORED, REGISTERED, SPACED])

    assert found[REGISTERED] == {"client_registered"}
    assert found[SPACED] == {"code_answer"}
    assert found[STORED] == ANSWERED


def test_what_nobody_declares_is_looked_for_in_each_half(known: dict[str, MutantInfo]) -> None:
    silent = replace(MUTANTS[SPACED], name="silent", breaks=frozenset(), also={})
    known["silent"] = silent

    assert left([REGISTERED, "silent", STORED])["silent"] == {"code_answer"}


def test_one_that_spoils_much_is_found_and_hides_nothing_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "MANY", 2)

    found = left([SPOILER, REGISTERED, STORED, SPACED])

    assert found[SPOILER] >= {"code_answer", "refresh_answer"}
    assert found[REGISTERED] >= {"client_registered"}
    assert "refresh_answer" not in found[REGISTERED]
    assert found[SPACED] == {"code_answer"}


def test_what_takes_too_long_is_left_to_all_that_it_concerns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [STORED, REGISTERED, SPACED]
    monkeypatch.setattr(batches, "PATIENCE_S", -1.0)

    assert left(names) == dict.fromkeys(names, ANSWERED)


def test_who_was_not_reached_is_tried_alone(known: dict[str, MutantInfo]) -> None:
    class Deaf(ReferenceServer):
        """Never says more than that a client is registered."""

        def client_information(self, client: Any, status: int) -> Response:
            return ReferenceServer.client_information(self, client, status)

    class Behind(ReferenceServer):
        """Would say it otherwise."""

        def client_information(self, client: Any, status: int) -> Response:
            return super().client_information(client, status)

    for name, server_class in (("deaf", Deaf), ("behind", Behind)):
        known[name] = replace(MUTANTS[REGISTERED], name=name, server_class=server_class)
    reached = {"client_registered"}

    found = left(["deaf", "behind"], {"deaf": reached, "behind": reached})

    assert found == {"deaf": set(), "behind": {"client_registered"}}


def test_who_leaves_nothing_to_others_is_behind_them(known: dict[str, MutantInfo]) -> None:
    class Ending(ReferenceServer):
        """Has headers of its own."""

        def token_response_headers(self) -> dict[str, str]:
            return {}

    class Passing(ReferenceServer):
        """Has one header more."""

        def token_response_headers(self) -> dict[str, str]:
            return {**super().token_response_headers(), "X-More": "1"}

    for name, server_class in (("a", Passing), ("b", Ending), ("c", Ending)):
        known[name] = replace(MUTANTS[STORED], name=name, server_class=server_class)

    found = batches_of(plan_of(["a", "b"]))

    assert [one.names for one in found] == [("a", "b")]
    assert batches_of(plan_of(["b", "c"])) == []


@pytest.mark.parametrize(
    "how", [{"alone": True}, {"scenario": "mixed"}, {"medium": "browser"}, {"path": "/tenant"}]
)
def test_who_has_to_be_alone_is_in_no_batch(
    known: dict[str, MutantInfo], how: Mapping[str, Any]
) -> None:
    known["other"] = replace(MUTANTS[REGISTERED], name="other", **how)

    assert batches_of(plan_of([STORED, "other"])) == []
    assert [one.names for one in batches_of(plan_of([STORED, REGISTERED]))] != []


def test_a_batch_that_does_not_agree_settles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Any:
        raise HarnessError("two faults that cannot be in one server")

    monkeypatch.setattr(batches, "judged_as", failing)
    names = (STORED, REGISTERED)

    assert running._left(Batch(names, plan_of(names)), {}, {}) == plan_of(names)


def test_a_mutant_in_company_fires_as_it_does_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwk, "generate_key", jwk.generate_key)  # to be put back afterwards
    plan = plan_of([STORED, REGISTERED, SPACED])

    accompanied = _by_name(all_tried(plan, 1, {"reference": Reach()}))

    assert accompanied == _by_name(all_tried(plan, 1))
    assert all(one.fired for one in accompanied.values())
    assert [name for name, one in accompanied.items() if not one.killed] == [STORED]


def test_more_than_what_is_open_is_tried_alone_only_by_a_sample() -> None:
    plan = plan_of([REGISTERED])

    with ProcessPoolExecutor(1) as pool:
        tries = set(running._Running(pool, plan, {}, sample=3)._by(REGISTERED, ()))

    mine = set(plan[REGISTERED]) & (declared_probes(MUTANTS[REGISTERED]) | BASE)
    assert mine < tries < set(plan[REGISTERED])
    assert len(tries) == len(mine) + 1


def test_what_waits_is_tried_alone_for_nothing_waits_in_a_batch() -> None:
    plan = {BRIEF: sorted({"brief_tokens", "code_answer"} | BASE)}

    with ProcessPoolExecutor(1) as pool:
        deep = running._Running(pool, plan, {}, sample=0)._deep(BRIEF)

    assert deep == {"brief_tokens"}


def test_who_is_not_seen_by_short_searches_is_searched_for_thoroughly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of([REGISTERED])

    with ProcessPoolExecutor(1) as pool:
        one = running._Running(pool, plan, {}, sample=0)
        begun: list[tuple[object, Sequence[str]]] = []
        monkeypatch.setattr(
            running._Running, "_begin", lambda *given: begun.append((given[2], given[-1]))
        )
        assert not [*one._after(Batch((REGISTERED,), plan), {REGISTERED: ()})]
        one.alone.clear()
        assert not [*one._after(REGISTERED, Trial(REGISTERED, 2, 2, (), (), (), (), ()))]

    mine = sorted({"client_registered", *BASE})
    assert begun == [(running._briefly, mine), (running._one, mine)]


@pytest.mark.parametrize("thorough", [True, False])
def test_searches_are_as_thorough_as_is_asked_where_they_could_see_a_mutant(
    monkeypatch: pytest.MonkeyPatch, thorough: bool
) -> None:
    asked: list[Selection] = []

    def judging(audit: Audit, _: object) -> list[Judgement]:
        asked.append(audit.options.selection)
        return []

    monkeypatch.setattr(trial, "judged", judging)

    (running._one if thorough else running._briefly)(SEARCHED, ["token_stories"])

    tries = {one: asked[0].effort(one).examples for one in ("token_stories", "scopes_requested")}
    short = Effort().examples
    assert tries["scopes_requested"] == short
    assert (tries["token_stories"] > short) is thorough
    assert asked[0].effort("token_stories").arrival_s < Effort().arrival_s


def _by_name(trials: Iterable[Trial]) -> dict[str, Trial]:
    return {one.mutant: one for one in trials}
