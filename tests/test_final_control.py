"""The last control: when an experiment needs it, what it asks for, and what it makes of it."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from tests.faults import FAULTS, ISSUER

from idprobe.judge.collect import InProcess
from idprobe.model.exchange import Exchange, Request, Response, Sender
from idprobe.model.profile import Client, Provider, with_issuer
from idprobe.observe.experiment import ACTING
from idprobe.observe.final_control import ends_refused, served_before
from idprobe.observe.observer import Observer
from idprobe.observe.recorder import Observation
from idprobe.redaction import Vault
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

STARTED: Final = datetime(2026, 11, 24, 20, 11, 5, tzinfo=UTC)
AUTHORIZE: Final = f"{ISSUER}/authorize"
PROVIDER: Final = Provider(
    with_issuer(resolve("reference"), ISSUER),
    {"authorization_endpoint": AUTHORIZE},
    Client("web", "web"),
)
EXPERIMENT: Final = "allow_of_405"
COOKIE: Final = (("Cookie", "session=1"),)


def answer(status: int, request: Request | None = None, sender: Sender = Sender.HTTPX) -> Exchange:
    asked = request or Request.get(f"{ISSUER}/userinfo")
    return Exchange(asked, Response(status), STARTED, 1, sender=sender)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 429, 500, 503])
def test_a_refusal_at_the_end_needs_a_control(status: int) -> None:
    assert ends_refused([answer(200), answer(status), answer(200, sender=Sender.SERVER)])


@pytest.mark.parametrize("status", [200, 204, 302])
def test_what_was_served_needs_none(status: int) -> None:
    assert not ends_refused([answer(400), answer(status)])


def test_nothing_asked_needs_no_control() -> None:
    assert not ends_refused([])


def test_the_first_authorization_request_without_cookies_is_asked_again() -> None:
    first = answer(303, Request.get(AUTHORIZE, (("client_id", "web"),)))
    others = [answer(200), answer(200, Request.get(AUTHORIZE, headers=COOKIE))]

    assert served_before([*others, first, answer(200, Request.get(AUTHORIZE))], PROVIDER) is first


@pytest.mark.parametrize(
    "exchange",
    [
        answer(400, Request.get(AUTHORIZE)),
        answer(200, Request.post_form(AUTHORIZE, ())),
        answer(200, Request.get(AUTHORIZE, (("request_uri", "urn:once"),))),
        answer(200, Request.get(AUTHORIZE, (("request", "e30.e30."),))),
        answer(200, Request.get(AUTHORIZE, headers=COOKIE)),
    ],
)
def test_what_was_refused_or_may_be_taken_once_only_is_not_asked_again(exchange: Exchange) -> None:
    assert served_before([exchange], PROVIDER) is None


def test_a_server_without_authorization_requests_served_none_before() -> None:
    first = answer(303, Request.get(AUTHORIZE, (("client_id", "web"),)))

    assert served_before([first], replace(PROVIDER, metadata={})) is None


def seen_of(probe: str, *, refuses_after: int) -> tuple[Observation, list[str]]:
    server = ReferenceServer(replace(reference_config(), issuer=ISSUER))
    counts: Counter[str] = Counter()
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counts[ACTING.get()] += 1
        is_at_fault = counts[probe] > refuses_after
        if ACTING.get() == probe:
            asked.append(scope["path"])
        await (FAULTS["refuses"] if is_at_fault else server.app)(scope, receive, send)

    profile = PROVIDER.profile
    observer = Observer(profile, Vault(profile.secrets()), transport=InProcess(app))
    return asyncio.run(observer.observe([probe])), asked


def test_an_experiment_that_ends_refused_is_believed_while_others_are_served() -> None:
    seen, asked = seen_of(EXPERIMENT, refuses_after=10**6)

    assert seen.outcomes[EXPERIMENT].outcome == "done"
    assert asked[-1] == "/authorize"
    assert [one.step for one in seen.traces["still_served"]] == [EXPERIMENT]
    assert "/authorize" not in seen.traces[EXPERIMENT].last.request.url


def test_an_experiment_that_ends_refused_is_not_believed_once_everything_is() -> None:
    seen, _ = seen_of(EXPERIMENT, refuses_after=6)

    assert seen.outcomes[EXPERIMENT].outcome == "control_failed"
    assert "what was served before is refused" in seen.outcomes[EXPERIMENT].because
