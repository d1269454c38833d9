from collections.abc import Callable, Sequence
from typing import Any

import pytest

from idprobe.flows import Ending, Flow, HumanStep
from idprobe.model.exchange import Request, Response
from idprobe.model.profile import Client, Profile, Provider, Role, User

Drive = Callable[[Flow[Any], Sequence[Response | Ending]], tuple[list[Request | HumanStep], Any]]


def run(
    flow: Flow[Any], answers: Sequence[Response | Ending]
) -> tuple[list[Request | HumanStep], Any]:
    """Give a flow the answers in turn; return what it asked for and its result."""
    sent: list[Request | HumanStep] = []
    left = list(answers)
    try:
        asked = next(flow)
        while True:
            sent.append(asked)
            assert left, f"no answer left for {asked}"
            asked = flow.send(left.pop(0))
    except StopIteration as stop:
        assert not left, f"{len(left)} answers were never asked for"
        return sent, stop.value


@pytest.fixture
def drive() -> Drive:
    return run


@pytest.fixture
def user() -> User:
    return User("alice", "alice@x.test", "päss word&1")


@pytest.fixture
def provider(user: User) -> Provider:
    client = Client(
        name="web",
        client_id="app",
        client_secret="s3cret",
        token_endpoint_auth_method="client_secret_basic",
        grant_types=("authorization_code", "refresh_token"),
        response_types=("code",),
        redirect_uris=("https://rp.test/cb",),
        scope="openid api",
        roles=frozenset({Role.WEB}),
    )
    profile = Profile("op", "op.toml", "https://op.test", clients={"web": client})
    metadata = {
        name: f"https://op.test/{name.removesuffix('_endpoint')}"
        for name in (
            "authorization_endpoint",
            "token_endpoint",
            "userinfo_endpoint",
            "introspection_endpoint",
            "revocation_endpoint",
            "registration_endpoint",
            "end_session_endpoint",
            "jwks_uri",
        )
    }
    return Provider(profile, metadata, client, user)
