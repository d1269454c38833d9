"""What the sound server tells of mutants: which of them an experiment can tell apart from it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from starlette.responses import Response

from idprobe.observe.experiment import ACTING
from idprobe_reference.config import reference_config
from idprobe_reference.faults import AuthorizationFault, PageFault
from idprobe_reference.mutants import MUTANTS
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig
from idprobe_reference.stores import AccessToken, Grant
from tools.proving.reach import BUILDING, Watcher

CONFIG: Final = reference_config("https://id.example")
GRANT: Final = Grant("web", frozenset({"openid"}))
BOTH: Final = frozenset({"none", "login"})
PROBE: Final = "code_redeemed"

Act = Callable[[ReferenceServer], object]


class Alike(ReferenceServer):
    """Says in its own words what the sound server says."""

    def token_response_headers(self) -> dict[str, str]:
        return {**super().token_response_headers()}

    def check_prompt(self, prompts: frozenset[str]) -> None:
        super().check_prompt(prompts)

    def error_page(self, fault: PageFault) -> Response:
        return super().error_page(fault)

    def revoke_access_token(self, token: AccessToken) -> None:
        super().revoke_access_token(token)


class Unlike(ReferenceServer):
    """Answers otherwise."""

    def token_response_headers(self) -> dict[str, str]:
        return {}

    def check_prompt(self, prompts: frozenset[str]) -> None:
        raise AuthorizationFault("invalid_request", f"no {len(prompts)}")

    def error_page(self, fault: PageFault) -> Response:
        return Response(str(fault), 500)


class Bland(ReferenceServer):
    """Neither refuses nor shows anything."""

    def check_prompt(self, prompts: frozenset[str]) -> None:
        del prompts

    def error_page(self, fault: PageFault) -> Any:
        return str(fault)


class Busy(ReferenceServer):
    """Answers as the sound server does, and remembers something."""

    def token_response_headers(self) -> dict[str, str]:
        self.asked = True
        return super().token_response_headers()

    def check_prompt(self, prompts: frozenset[str]) -> None:
        self.access_tokens.pop("any")
        super().check_prompt(prompts)

    async def show_jwks(self, request: Any) -> Response:
        return await super().show_jwks(request)


class Begun(ReferenceServer):
    """Differs in how it begins, which is no decision that could be asked for."""

    def __init__(self, config: ServerConfig, **options: Any) -> None:
        super().__init__(replace(config, default_scope="openid"), **options)


def refused(server: ReferenceServer) -> None:
    with pytest.raises(AuthorizationFault, match="prompt"):
        server.check_prompt(BOTH)


def revoked(server: ReferenceServer) -> None:
    token = AccessToken("value", GRANT, GRANT.scope, (), 0, 0)
    server.revoke_access_token(token)
    assert token.revoked


def watched(act: Act, times: int = 1) -> tuple[set[str], ReferenceServer]:
    """Return the mutants that an experiment tells apart, and the server that it was made at."""
    classes = (Alike, Unlike, Bland, Busy, Begun)
    sample = next(iter(MUTANTS.values()))
    mutants = [replace(sample, name=one.__name__, server_class=one) for one in classes]
    watcher = Watcher(mutants)
    token = ACTING.set(PROBE)
    try:
        with watcher.watching():
            server = watcher.server_class()(CONFIG)
            for _ in range(times):
                act(server)
    finally:
        ACTING.reset(token)
    changed = watcher.reach.changed
    return {name for name, probes in changed.items() if PROBE in probes}, server


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda server: server.token_response_headers(), {"Unlike", "Busy"}),
        (refused, {"Unlike", "Bland", "Busy"}),
        (lambda server: server.error_page(PageFault("no")), {"Unlike", "Bland"}),
        (revoked, {"Alike"}),
        (lambda server: asyncio.run(server.show_jwks(None)), {"Busy"}),
        (lambda server: server.metadata(), set()),
    ],
    ids=["value", "refusal", "page", "memory changed", "coroutine", "nobody's"],
)
def test_who_would_answer_otherwise_or_cannot_be_asked_is_told_apart(
    act: Act, told: set[str]
) -> None:
    assert watched(act)[0] == told


def test_to_be_asked_leaves_nothing_in_the_memory_of_the_sound_server() -> None:
    _, server = watched(lambda one: one.token_response_headers())

    assert "asked" not in vars(server)


def test_who_is_told_apart_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ReferenceServer] = []

    def headers(server: ReferenceServer) -> dict[str, str]:
        asked.append(server)
        return {}

    monkeypatch.setattr(Unlike, "token_response_headers", headers)

    watched(lambda server: server.token_response_headers(), times=3)

    assert len(asked) == 1


def test_the_memory_of_servers_is_not_watched_any_more_afterwards() -> None:
    before = AccessToken.__setattr__

    watched(revoked)

    assert AccessToken.__setattr__ is before


def test_what_the_making_of_a_server_asks_for_is_no_experiments() -> None:
    watcher = Watcher([])

    with watcher.building():
        assert ACTING.get() == BUILDING
