"""Each mutant that only a story finds is found by one, and the correct server by none of them."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import strategies as st

from idprobe.audit import Audit, Options, resolve
from idprobe.catalogue import load_catalogue
from idprobe.lifecycle import Act
from idprobe.observe import Selection
from idprobe.probes import Depth, stories
from idprobe.probes.story_moves import Chapter, Move, Scope, Target
from idprobe.profile import with_issuer
from idprobe.reference.config import reference_config
from idprobe.reference.mutants import MUTANTS
from idprobe.reference.server import ReferenceServer
from idprobe.suite import InProcess, all_checks, judged
from idprobe.verdict import HarnessFault, Inconclusive, Judgement, Violated

ISSUER: Final = "http://127.0.0.1:8081"
PROBES: Final = frozenset({"token_stories", "public_token_stories"})

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
}


def told(
    story: Story, server: type[ReferenceServer], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Judgement]:
    """Return what is judged of a server that is told one story, as each of two clients."""
    monkeypatch.setattr(stories, "tales", lambda: st.just(story))
    config = replace(reference_config(), issuer=ISSUER)
    profile = with_issuer(resolve("reference"), ISSUER)
    options = Options(folder, Selection(Depth.FULL), keeps_evidence=False)
    audit = Audit(profile, options, InProcess(server(config).app))
    checks = [check for check in all_checks() if PROBES & {*check.probes}]
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


def test_the_correct_server_is_blamed_in_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tuple(one for chapters in STORIES.values() for one in chapters)

    judgements = told(story, ReferenceServer, tmp_path, monkeypatch)

    assert broken_in(judgements) == set()
    assert not [j for j in judgements if isinstance(j.verdict, Inconclusive | HarnessFault)]
