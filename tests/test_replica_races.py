"""Two replicas on sockets that are asked at one moment: what works once works at one of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.anchors import load_anchors
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import Capability, Node, Profile, with_issuer
from idprobe.model.verdict import Inconclusive, Judgement, Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Safety, all_probes
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.running import Running, serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig, ServerConfig
from idprobe_reference.stores import Code, RefreshToken

PROBES: Final = frozenset({"code_released_at_replicas", "refresh_released_at_replicas"})
CODE: Final = "rfc9700/test_4_14_races.py::test_code_works_once_at_all_replicas"
REFRESH: Final = "rfc9700/test_4_14_races.py::test_refresh_token_has_one_heir_at_all_replicas"
JUDGED_ELSEWHERE: Final = "rfc7009/test_2_1_replicas.py::"
MEMORIES: Final = ("codes", "access_tokens", "refresh_tokens", "sessions", "used_assertions")


STORE: Final = threading.Lock()


class AtOneStore(ReferenceServer):
    """Looks and spends in one step: replicas run in threads, and others come between two lines."""

    def code_is_usable(self, code: Code) -> bool:
        with STORE:
            usable = super().code_is_usable(code)
            code.used = code.used or usable
            return usable

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        with STORE:
            usable = super().refresh_token_is_usable(token)
            token.used = token.used or usable
            return usable


class KeepsCodesToItself(AtOneStore):
    """A code works here whatever happened elsewhere, and elsewhere whatever happened here."""

    def code_is_usable(self, code: Code) -> bool:
        del code
        return True

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        code.used = False
        return await super().tokens_for_code(client, code, target)


class KeepsRotationToItself(AtOneStore):
    """So does a refresh token."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        del token
        return True

    def rotate_refresh_token(self, old: RefreshToken) -> RefreshToken:
        return self.issue_refresh_token(old.grant, old.scope)


@contextmanager
def two(second: type[ReferenceServer]) -> Iterator[Profile]:
    """Yield the profile of a server with two replicas, the second of another class."""
    with (
        serve(reference_config(), server_class=AtOneStore) as first,
        serve(reference_config(), server_class=beside(first, second)) as other,
    ):
        nodes = (Node("one", first.issuer), Node("two", other.issuer))
        profile = with_issuer(resolve("reference"), first.issuer, first.ca_file)
        yield replace(profile, nodes=nodes)


def beside(first: Running, second: type[ReferenceServer]) -> type[ReferenceServer]:
    class Beside(second):  # type: ignore[misc,valid-type] # a class that is a parameter
        """It has the memory of the first, and speaks in its name."""

        def __init__(self, config: ServerConfig, *rest: Any) -> None:
            super().__init__(replace(config, issuer=first.issuer), *rest)
            for memory in MEMORIES:
                setattr(self, memory, getattr(first.server, memory))

    return Beside


def judgements(second: type[ReferenceServer], folder: Path) -> dict[str, Judgement]:
    checks = [check for check in all_checks() if PROBES & {*check.probes}]
    options = Options(folder, Selection(safety=Safety.INTRUSIVE), keeps_evidence=False)
    with two(second) as profile:
        return {one.check: one for one in judged(Audit(profile, options), checks)}


def test_replicas_that_share_everything_are_sound(tmp_path: Path) -> None:
    found = judgements(AtOneStore, tmp_path)

    assert found.keys() == {CODE, REFRESH}
    # where both processors are taken the races rule out too little, and say so
    assert all(isinstance(one.verdict, Satisfied | Inconclusive) for one in found.values())


@pytest.mark.parametrize(
    ("second", "check"), [(KeepsCodesToItself, CODE), (KeepsRotationToItself, REFRESH)]
)
def test_replicas_that_do_not_learn_are_seen(
    second: type[ReferenceServer], check: str, tmp_path: Path
) -> None:
    found = judgements(second, tmp_path)

    assert {name for name, one in found.items() if isinstance(one.verdict, Violated)} == {check}


def test_each_check_of_replicas_that_covers_a_case_is_proven_here_or_in_test_replicas() -> None:
    named = {c for rows in load_anchors().values() for row in rows for c in row.checks}
    asking = {
        check.name
        for check in all_checks()
        if any(Capability.REPLICAS in all_probes()[probe].needs for probe in check.probes)
    }

    assert {n for n in named & asking if not n.startswith(JUDGED_ELSEWHERE)} <= {CODE, REFRESH}
