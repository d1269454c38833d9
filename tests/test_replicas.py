"""Two replicas over one memory: what one of them ends is over at the other, or it is seen."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Node, with_issuer
from idprobe.model.verdict import Inconclusive, NotApplicable, Satisfied, Verdict, Violated
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken, Code, RefreshToken

ISSUER: Final = "http://127.0.0.1:8081"
NODES: Final = (Node("one", "http://127.0.0.2:8081"), Node("two", "http://127.0.0.3:8081"))
PROBES: Final = frozenset({"revoked_at_replicas", "code_at_replicas", "refresh_at_replicas"})
REVOCATION: Final = "RFC7009-2.1/immediate"
CODE: Final = "RFC6749-4.1.2/code-single-use"
REFRESH: Final = "RFC9700-2.2.2/public-refresh-token-protected"

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class NeverLearnsOfRevocations(ReferenceServer):
    """A token stays alive here, whatever another replica was told."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        return super().access_token_is_active(replace(token, revoked=False))


class NeverLearnsOfCodes(ReferenceServer):
    """Each code works once more here."""

    def code_is_usable(self, code: Code) -> bool:
        del code
        return True


class NeverLearnsOfRotation(ReferenceServer):
    """Each refresh token works here, though another replica has traded it."""

    def refresh_token_is_usable(self, token: RefreshToken) -> bool:
        del token
        return True


class LearnsSoon(ReferenceServer):
    """A revocation is known here when the token is asked about for the third time."""

    def access_token_is_active(self, token: AccessToken) -> bool:
        if not token.revoked:
            return super().access_token_is_active(token)
        self.asked = getattr(self, "asked", 0) + 1
        return self.asked < 3 and super().access_token_is_active(replace(token, revoked=False))


def replicas(second: type[ReferenceServer], *, shared: bool = True) -> Asgi:
    config = replace(reference_config(), issuer=ISSUER)
    one, two = ReferenceServer(config), second(config)
    if shared:
        for memory in ("codes", "access_tokens", "refresh_tokens", "sessions", "used_assertions"):
            setattr(two, memory, getattr(one, memory))

    async def balanced(scope: Any, receive: Any, send: Any) -> None:
        assert dict(scope["headers"])[b"host"] == b"127.0.0.1:8081"
        server = two if scope["server"][0] == "127.0.0.3" else one
        await server.app(scope, receive, send)

    return balanced


def verdicts(app: Asgi, folder: Path, nodes: tuple[Node, ...] = NODES) -> dict[str, Verdict]:
    profile = replace(with_issuer(resolve("reference"), ISSUER), nodes=nodes)
    audit = Audit(profile, Options(folder, keeps_evidence=False), InProcess(app))
    checks = [check for check in all_checks() if PROBES & {*check.probes}]
    return {j.requirement.id: j.verdict for j in judged(audit, checks)}


def test_replicas_that_share_everything_are_sound(tmp_path: Path) -> None:
    found = verdicts(replicas(ReferenceServer), tmp_path)

    assert {*found.values()} == {Satisfied()}
    assert {REVOCATION, CODE, REFRESH} <= found.keys()


@pytest.mark.parametrize(
    ("second", "requirement", "because"),
    [
        (NeverLearnsOfRevocations, REVOCATION, "the access token still works at: two"),
        (NeverLearnsOfCodes, CODE, "the code is redeemed again at: two"),
        (NeverLearnsOfRotation, REFRESH, "the refresh token is traded again at: two"),
    ],
)
def test_a_replica_that_does_not_learn_is_named(
    second: type[ReferenceServer], requirement: str, because: str, tmp_path: Path
) -> None:
    found = verdicts(replicas(second), tmp_path)

    assert found[requirement] == Violated(because)
    broken = {name for name, one in found.items() if isinstance(one, Violated)}
    assert broken == load_catalogue().alike(requirement) & found.keys()


def test_a_replica_may_learn_a_moment_later(tmp_path: Path) -> None:
    found = verdicts(replicas(LearnsSoon), tmp_path)

    assert found[REVOCATION] == Satisfied()


def test_servers_that_share_nothing_are_no_replicas(tmp_path: Path) -> None:
    found = verdicts(replicas(ReferenceServer, shared=False), tmp_path)

    assert {type(one) for one in found.values()} == {Inconclusive}


def test_without_nodes_nothing_is_asked_of_them(tmp_path: Path) -> None:
    found = verdicts(replicas(ReferenceServer), tmp_path, nodes=())

    assert {*found.values()} == {NotApplicable("the profile has no [[nodes]]")}
