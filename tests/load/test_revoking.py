"""`--clean`: what a run was given is given back, and what is not is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from tests.load.test_callers import located
from tests.load.test_schedulers import result_of

from idprobe.load.callers import (
    AuthorizationCode,
    Caller,
    ClientCredentials,
    Introspection,
    Mixed,
    RefreshChain,
    UserInfo,
)
from idprobe.load.callers.context import LoadContext, load_context
from idprobe.load.measure.merged import merged
from idprobe.load.measure.recording import Recording
from idprobe.load.run.plan import Open, Plan
from idprobe.load.run.worker import LoadWorker, preflight
from idprobe.load.tokens import revoking, unrevoked
from idprobe.load.tokens.owners import Owner
from idprobe.load.tokens.unrevoked import UnrevokedTokens
from idprobe_reference.config import speakup_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.stores import AccessToken


class Known(ReferenceServer):
    """Lets us see the tokens that it issues."""

    issued: ClassVar[list[AccessToken]] = []

    async def access_token_value(self, token: AccessToken) -> str:
        self.issued.append(token)
        return await super().access_token_value(token)


class Reluctant(ReferenceServer):
    """Takes no token back."""

    async def revoke(self, request: HttpRequest) -> HttpResponse:
        del request
        return HttpResponse(status_code=503)


@contextmanager
def context_of(server_class: type[ReferenceServer]) -> Iterator[LoadContext]:
    Known.issued.clear()
    with serve(speakup_config(), server_class=server_class) as server:
        context = load_context(located(server.issuer))
        context.findings.unrevoked = UnrevokedTokens()
        yield context


def loaded(context: LoadContext, kind: type[Caller], *, clean: bool = True) -> Recording:
    preflight(context, kind)
    work = LoadWorker(context, kind, Plan(Open(40), 0.25, callers=2, clean=clean))
    work.run()
    assert work.refusal is None
    return work.recording


def alive() -> list[AccessToken]:
    return [one for one in Known.issued if not (one.revoked or one.grant.revoked)]


@pytest.mark.parametrize(
    "kind", [ClientCredentials, RefreshChain, UserInfo, AuthorizationCode, Mixed]
)
def test_nothing_that_was_issued_is_left(kind: type[Caller]) -> None:
    with context_of(Known) as context:
        recording = loaded(context, kind)

        assert len(Known.issued) > 0
        assert alive() == []
    assert recording.cleaned["revoked"] >= len(Known.issued)
    assert [recording.cleaned[one] for one in ("failed", "left", "forgotten")] == [0, 0, 0]
    assert recording.failed == 0


def test_without_the_option_tokens_are_left() -> None:
    with context_of(Known) as context:
        recording = loaded(context, ClientCredentials, clean=False)

        assert len(alive()) == len(Known.issued)
    assert not recording.cleaned
    assert context.findings.unrevoked is None


def test_older_tokens_are_not_known_any_more_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unrevoked, "MOST_REMEMBERED", 2)
    with context_of(Known) as context:
        recording = loaded(context, ClientCredentials)

        # this server gives refresh tokens here, too: two of each kind are known
        assert len(alive()) == len(Known.issued) - 2
    cleaned = recording.cleaned
    assert (cleaned["revoked"], cleaned["forgotten"]) == (4, 2 * len(Known.issued) - 4)
    (told,) = (one for one in result_of(recording, "").all_notes() if one.startswith("tokens"))
    assert "4 revoked" in told
    assert f"{cleaned['forgotten']} older ones not known any more" in told


def test_what_callers_hold_is_given_back_however_old_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unrevoked, "MOST_REMEMBERED", 1)
    with context_of(Known) as context:
        recording = loaded(context, Introspection)

        # of three callers the one that only tried is not there any more
        assert (len(Known.issued), len(alive())) == (3, 1)
    assert (recording.cleaned["revoked"], recording.cleaned["forgotten"]) == (3, 3)


def test_a_server_that_takes_none_back_is_told_of() -> None:
    with context_of(Reluctant) as context:
        recording = loaded(context, ClientCredentials)

    failed = recording.cleaned["failed"]
    assert recording.cleaned == {"revoked": 0, "failed": failed, "left": 0, "forgotten": 0}
    assert recording.notes["a token could not be revoked: status 503"] == failed > 0


def test_without_an_endpoint_nothing_is_tried_and_that_is_said() -> None:
    with context_of(Known) as context:
        del context.metadata["revocation_endpoint"]
        recording = loaded(context, ClientCredentials)

    assert not recording.cleaned
    assert any(
        one.startswith("no token was revoked: neither the metadata nor [endpoints]")
        for one in recording.notes
    )


def test_giving_back_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoking, "CLEAN_S", 0.0)
    with context_of(Known) as context:
        recording = loaded(context, ClientCredentials)

    # one by each of those at work at once
    left = recording.cleaned["left"]
    assert (recording.cleaned["revoked"], left) == (8, 2 * len(Known.issued) - 8)
    both = merged([recording, recording])
    assert (both.cleaned["revoked"], both.cleaned["left"]) == (16, 2 * left)


def test_a_refresh_token_goes_before_access_tokens_and_the_youngest_first() -> None:
    kept, owner = UnrevokedTokens(), Owner("c")
    kept.keep_access(b"a1", owner)
    kept.keep_refresh("r1", owner)
    kept.keep_access(b"a2", owner)
    kept.keep_refresh("r2", owner)

    assert [token for token, _ in kept.known()] == [b"r2", b"r1", b"a2", b"a1"]
    assert kept.forgotten == 0
