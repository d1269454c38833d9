"""Histories at one server and at two replicas: what no order of the calls explains is found."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Node, with_issuer
from idprobe.model.verdict import Judgement, NotApplicable, Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Depth
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.requests.resource_indicators import Target
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ClientConfig
from idprobe_reference.stores import AccessToken, Code, RefreshToken

ISSUER: Final = "http://127.0.0.1:8081"
NODES: Final = (Node("one", "http://127.0.0.2:8081"), Node("two", "http://127.0.0.3:8081"))
PROBES: Final = frozenset(
    {"history", "public_history", "history_at_replicas", "public_history_at_replicas"}
)
MEMORIES: Final = ("codes", "access_tokens", "refresh_tokens", "sessions", "used_assertions")
LATE_S: Final = 0.05

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class LearnsLate(ReferenceServer):
    """A revocation is known here 50 ms after another replica was told."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        if not token.revoked:
            return super().access_token_is_active(token)
        known = self.__dict__.setdefault("known", {})
        now = asyncio.get_running_loop().time()
        told = known.setdefault(token.value, now)
        return now < told + LATE_S and super().access_token_is_active(replace(token, revoked=False))


class LosesRotation(ReferenceServer):
    """A refresh token that another replica has traded is good here."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        return super().refresh_token_is_usable(replace(token, used=False))


class RedeemsTwice(ReferenceServer):
    """A code brings tokens here whatever became of it, and is as good as new afterwards."""

    def code_is_usable(self, code: Code) -> bool:  # noqa: ARG002 -- whichever it is
        return True

    async def tokens_for_code(
        self, client: ClientConfig, code: Code, target: Target
    ) -> dict[str, Any]:
        answer = await super().tokens_for_code(client, code, target)
        code.used = False
        return answer


def replicas(second: type[ReferenceServer]) -> Asgi:
    """Return two servers over one memory; the second is at the address of node two."""
    config = replace(reference_config(), issuer=ISSUER)
    one, two = ReferenceServer(config), second(config)
    for memory in MEMORIES:
        setattr(two, memory, getattr(one, memory))

    async def balanced(scope: Any, receive: Any, send: Any) -> None:
        server = two if scope["server"][0] == "127.0.0.3" else one
        await server.app(scope, receive, send)

    return balanced


def judgements(app: Asgi, folder: Path, nodes: tuple[Node, ...] = ()) -> dict[str, Judgement]:
    profile = replace(with_issuer(resolve("reference"), ISSUER), nodes=nodes)
    options = Options(folder, Selection(Depth.FULL), keeps_evidence=False)
    where = "_at_replicas" if nodes else ""
    probes = {one for one in PROBES if one.endswith("_at_replicas") == bool(where)}
    checks = [check for check in all_checks() if probes & {*check.probes}]
    audit = Audit(profile, options, InProcess(app))
    return {j.check.rpartition("::")[2]: j for j in judged(audit, checks)}


def test_a_correct_server_explains_every_history(tmp_path: Path) -> None:
    config = replace(reference_config(), issuer=ISSUER)

    found = [one.verdict for one in judgements(ReferenceServer(config).app, tmp_path).values()]

    # who comes first decides what a history tries
    assert all(isinstance(verdict, Satisfied | NotApplicable) for verdict in found)
    assert found.count(Satisfied()) > len(found) / 2


def test_replicas_over_one_memory_explain_every_history(tmp_path: Path) -> None:
    judged_so = judgements(replicas(ReferenceServer), tmp_path, NODES)
    found = [one.verdict for one in judged_so.values()]

    assert all(isinstance(verdict, Satisfied | NotApplicable) for verdict in found)
    assert found.count(Satisfied()) > len(found) / 2


@pytest.mark.parametrize(
    ("second", "check", "words"),
    [
        (LearnsLate, "test_revocation_is_known_at_once_at_every_replica", "revokes access token"),
        (
            LosesRotation,
            "test_refresh_token_is_traded_once_while_replicas_are_asked",
            "refreshes with refresh token",
        ),
        (RedeemsTwice, "test_code_works_once_while_replicas_are_asked", "redeems code"),
    ],
)
def test_a_replica_that_is_behind_is_found(
    second: type[ReferenceServer], check: str, words: str, tmp_path: Path
) -> None:
    found = judgements(replicas(second), tmp_path, NODES)

    judgement = found[check]
    assert isinstance(judgement.verdict, Violated), found
    assert words in judgement.remark
    assert "├" in judgement.remark
