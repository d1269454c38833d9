"""Each mutant that only a story finds is found by one, and the correct server by none of them."""

from dataclasses import replace
from inspect import getsource
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import strategies as st

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.lifecycle import Act, Claim
from idprobe.model.catalogue import load_catalogue
from idprobe.model.effort import Replay
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import HarnessFault, Inconclusive, Judgement, Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth
from idprobe.probes.state import stories
from idprobe.probes.state.story_moves import Chapter, Move, Scope, Target
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.mutants import MUTANTS
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import Code

ISSUER: Final = "http://127.0.0.1:8081"
PROBES: Final = frozenset({"token_stories", "public_token_stories"})
BRIEF: Final = frozenset({"brief_token_stories"})

redeem, userinfo, introspect = Move(Act.REDEEM), Move(Act.USERINFO), Move(Act.INTROSPECT)
refresh = Move(Act.REFRESH, Target.REFRESH)
refresh_less = Move(Act.REFRESH, Target.REFRESH, Scope.LEAST)
refresh_all = Move(Act.REFRESH, Target.REFRESH, Scope.ALL)
revoke_access, revoke_refresh = Move(Act.REVOKE, Target.ACCESS), Move(Act.REVOKE, Target.REFRESH)
unproven, misproven = Move(Act.REDEEM_UNPROVEN), Move(Act.REDEEM_MISPROVEN)


def other(move: Move) -> Move:
    return replace(move, by_stranger=True)


def back(move: Move, number: int) -> Move:
    return replace(move, back=number)


Story = tuple[Chapter, ...]


def chapter(*moves: Move, scope: Scope = Scope.ALL) -> Chapter:
    return Chapter(moves, scope)


QUIET: Final = (chapter(),)
"""A story without a move: nothing is sent."""


def later(*moves: Move) -> Chapter:
    return Chapter(moves, waits=True)


STORIES: Final[dict[str, Story]] = {
    "codes-come-back-with-revocation": (chapter(revoke_access, redeem),),
    "refreshed-codes-are-for-all": (chapter(refresh, other(redeem)),),
    "thieves-are-refused-once": (chapter(userinfo, other(refresh), other(refresh)),),
    "refreshed-access-tokens-cannot-be-revoked": (chapter(refresh, revoke_access),),
    "only-first-refresh-tokens-are-revoked": (chapter(refresh, revoke_refresh),),
    "cascade-forgets-older-generations": (chapter(refresh, revoke_refresh),),
    "reuse-of-later-generations-is-forgiven": (
        chapter(refresh, refresh, back(refresh, 1), refresh),
    ),
    "second-generation-is-good-twice": (chapter(refresh, refresh, refresh, back(refresh, 2)),),
    "replay-spares-refreshed-tokens": (chapter(refresh, redeem),),
    "narrowing-opens-the-scope": (chapter(refresh_less, refresh_all, scope=Scope.LESS),),
    "refused-scope-is-kept": (chapter(userinfo, refresh_all, refresh, scope=Scope.LESS),),
    "narrowing-twice-stays": (chapter(refresh_less, refresh_less, refresh, refresh),),
    "refresh-revives-access-tokens": (chapter(revoke_access, refresh),),
    "new-logins-revive-old-grants": (chapter(revoke_refresh), chapter(userinfo)),
    "revoking-twice-revives": (chapter(revoke_access, revoke_access),),
    "introspection-remembers-the-first-answer": (chapter(introspect, revoke_access),),
    "userinfo-spares-refreshed-tokens": (
        chapter(refresh, introspect, revoke_refresh, introspect, userinfo),
    ),
    "others-may-revoke-refreshed-tokens": (chapter(refresh, other(revoke_access)),),
    "verifier-is-compared-once": (chapter(misproven, unproven),),
    "refresh-renews-older-access-tokens": (chapter(refresh), later()),
    "narrowed-tokens-are-introspected-whole": (
        chapter(refresh_less, introspect, scope=Scope.LESS),
    ),
    "replaced-tokens-are-good-for-the-next-login": (chapter(refresh), chapter(redeem), later()),
    "introspection-forgets-the-time-of-refreshed-tokens": (chapter(refresh), later()),
}
WAITING: Final = {name for name, story in STORIES.items() if any(one.waits for one in story)}


def told(
    story: Story,
    server: type[ReferenceServer],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    replay: Replay | None = None,
) -> list[Judgement]:
    """Return what is judged of a server that is told one story, as each of two clients.

    One that waits is told as the client whose tokens live for seconds: here it is one second.
    """
    tales = st.sampled_from((QUIET, story))
    monkeypatch.setattr(stories, "tales", lambda: tales)
    monkeypatch.setattr(stories, "brief_tales", lambda: tales)
    usual = reference_config()
    clients = tuple(
        replace(one, lifetimes={**one.lifetimes, "access_token": 1}) if one.lifetimes else one
        for one in usual.clients
    )
    config = replace(usual, issuer=ISSUER, clients=clients)
    profile = with_issuer(resolve("reference"), ISSUER)
    selection = Selection(Depth.FULL) if replay is None else Selection(replay=replay)
    options = Options(folder, selection, keeps_evidence=False)
    audit = Audit(profile, options, InProcess(server(config).app))
    probes = BRIEF if any(one.waits for one in story) else PROBES
    checks = [check for check in all_checks() if probes & {*check.probes}]
    return list(judged(audit, checks))


def broken_in(judgements: list[Judgement]) -> set[str]:
    alike = load_catalogue().canonical
    return {alike(j.requirement.id) for j in judgements if isinstance(j.verdict, Violated)}


def test_every_mutant_that_takes_a_search_has_its_story() -> None:
    assert STORIES.keys() == {name for name, one in MUTANTS.items() if one.by_search}


@pytest.mark.parametrize("name", STORIES)
def test_a_mutant_is_found_by_its_story(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant, alike = MUTANTS[name], load_catalogue().canonical

    broken = broken_in(told(STORIES[name], mutant.server_class, tmp_path, monkeypatch))

    assert {alike(one) for one in mutant.breaks} <= broken
    assert broken <= {alike(one) for one in {*mutant.breaks, *mutant.also}}


@pytest.mark.parametrize("waits", [False, True])
def test_the_correct_server_is_blamed_in_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, waits: bool
) -> None:
    told_of = [story for name, story in STORIES.items() if (name in WAITING) is waits]
    before = tuple(one for story in told_of for one in story if not one.waits)
    story = (*before, later(refresh, introspect, userinfo)) if waits else before

    judgements = told(story, ReferenceServer, tmp_path, monkeypatch)

    assert broken_in(judgements) == set()
    assert not [j for j in judgements if isinstance(j.verdict, Inconclusive | HarnessFault)]
    assert not waits or all(isinstance(j.verdict, Satisfied) for j in judgements)


def without(*names: str) -> type[ReferenceServer]:
    """Return a server that does not announce all of its endpoints."""

    class Silent(ReferenceServer):
        def metadata(self) -> dict[str, Any]:
            members = super().metadata()
            return {name: one for name, one in members.items() if name not in names}

    return Silent


class GivesNoRefreshTokens(ReferenceServer):
    """No code brings a refresh token."""

    def refresh_token_is_due(self, client: ClientConfig, code: Code) -> bool:
        del client, code
        return False


class NeedsNoPkce(ReferenceServer):
    """A request without a challenge is served."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(replace(config, require_pkce=False), **options)


@pytest.mark.parametrize(
    ("server", "story"),
    [
        (without("end_session_endpoint"), (chapter(userinfo, Move(Act.LOG_OUT), userinfo),)),
        (GivesNoRefreshTokens, (chapter(refresh, revoke_refresh, userinfo),)),
        (NeedsNoPkce, (chapter(Move(Act.AUTHORIZE, is_bound=False), unproven, redeem),)),
    ],
    ids=["logout", "refresh token", "code that is bound"],
)
def test_what_a_server_has_not_is_left_out_of_a_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: type[ReferenceServer], story: Story
) -> None:
    judgements = told(story, server, tmp_path, monkeypatch)

    assert broken_in(judgements) == set()
    assert not [j for j in judgements if isinstance(j.verdict, HarnessFault)]


def test_what_was_found_stays_found_where_there_are_no_more_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "refresh-revives-access-tokens"
    monkeypatch.setattr(stories, "ROUNDS", 1)

    judgements = told(STORIES[name], MUTANTS[name].server_class, tmp_path, monkeypatch)

    assert broken_in(judgements) & {load_catalogue().canonical(one) for one in MUTANTS[name].breaks}


def test_each_probe_seeks_the_claims_that_a_check_reads_in_it() -> None:
    """A round spent on a claim that nobody judges is lost for those that somebody does."""
    for name, claims in stories.CLAIMS.items():
        checks = [check for check in all_checks() if check.probes == (name,)]

        read = {one for check in checks for one in Claim if f".{one.name}" in getsource(check.body)}

        assert read == claims


def test_a_report_lists_a_story_and_tells_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, story = "refresh-revives-access-tokens", STORIES["refresh-revives-access-tokens"]
    server = MUTANTS[name].server_class

    found = [j for j in told(story, server, tmp_path / "1", monkeypatch) if j.replay]
    replay = Replay.parse(found[0].replay)
    again = [j for j in told(story, server, tmp_path / "2", monkeypatch, replay) if j.replay]

    assert found[0].remark.splitlines() == [
        "1. web is authorized with PKCE → code 1",
        "2. web redeems code 1 → access token 1 and refresh token 1",
        "3. web revokes access token 1 → 200",
        "4. web refreshes with refresh token 1 → access token 2 and refresh token 2",
        "5. web calls userinfo with access token 1 → claims",
    ]
    assert [again[0].remark, again[0].replay] == [found[0].remark, found[0].replay]
