"""The flows as a whole, on the embedded server over loopback, driven without our wire."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import httpx
import pytest

from idprobe.content import content
from idprobe.flows import (
    Flow,
    HumanStep,
    Landed,
    authorization_parameters,
    authorize,
    client_credentials,
    discover,
    fetch_keys,
    fresh_pkce,
    introspect,
    redeem,
    refresh,
    revoke,
    tokens_by_code,
    userinfo,
    visit,
)
from idprobe.formats.jose import read_jwt, verified_by
from idprobe.login.forms.form_login import form_login
from idprobe.model.exchange import Agent, LandingMode, Request, Response
from idprobe.model.profile import Profile, Provider, Role, load_profile, with_issuer
from idprobe_reference.config import reference_config
from idprobe_reference.running import serve

T = TypeVar("T")


class Driver:
    """Runs flows on one httpx client, with a browser's cookies as a plain dictionary."""

    def __init__(self, profile: Profile) -> None:
        self._http = httpx.Client(trust_env=False)
        self._cookies: dict[str, str] = {}
        self._hosts = profile.allowed_origins

    def run(self, flow: Flow[T]) -> T:
        """Return the result of a flow."""
        try:
            asked = next(flow)
            while True:
                asked = flow.send(self._carry_out(asked))
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _carry_out(self, asked: Request | HumanStep) -> Any:
        if isinstance(asked, HumanStep):
            return self.run(form_login(asked, {}, self._hosts))
        headers = dict(asked.headers)
        if asked.agent is Agent.USER and self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={v}" for name, v in self._cookies.items())
        got = self._http.request(asked.method, asked.url, headers=headers, content=asked.body)
        self._http.cookies.clear()
        for cookie in got.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        pairs = tuple((name, value) for name, value in got.headers.multi_items())
        return Response(got.status_code, pairs, got.content)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@pytest.fixture(scope="module")
def profile() -> Iterator[Profile]:
    loaded = load_profile(content("fixtures", "providers", "reference.toml"), {})
    with serve(reference_config()) as running:
        yield with_issuer(loaded, running.issuer)


@pytest.fixture
def driver(profile: Profile) -> Iterator[Driver]:
    made = Driver(profile)
    yield made
    made.close()


@pytest.fixture
def reference(profile: Profile, driver: Driver) -> Provider:
    metadata = driver.run(discover(profile))
    user = next(iter(profile.users.values()))
    return Provider(profile, metadata, profile.clients["web"], user)


def test_a_code_is_got_by_logging_in_and_traded(driver: Driver, reference: Provider) -> None:
    tokens = driver.run(tokens_by_code(reference))

    assert tokens.id_token is not None
    assert tokens.refresh_token is not None
    claims = driver.run(userinfo(reference, tokens.access_token))
    assert claims["sub"] == read_jwt(tokens.id_token).claims["sub"]
    assert verified_by(tokens.id_token, driver.run(fetch_keys(reference))) is not None


@pytest.mark.parametrize("name", ["web", "second", "signed", "public", "native"])
def test_each_client_logs_in_and_refreshes(driver: Driver, reference: Provider, name: str) -> None:
    acting = reference.with_client(reference.profile.clients[name])

    tokens = driver.run(tokens_by_code(acting))
    renewed = driver.run(refresh(acting, tokens.refresh_token or ""))

    assert renewed.access_token != tokens.access_token


def test_a_client_of_its_own_introspects_and_revokes(driver: Driver, reference: Provider) -> None:
    service = reference.acting_as(Role.SERVICE)
    tokens = driver.run(client_credentials(service))

    before = driver.run(introspect(service, tokens.access_token))
    driver.run(revoke(service, tokens.access_token))

    assert before["active"] is True
    assert driver.run(introspect(service, tokens.access_token))["active"] is False


@pytest.mark.parametrize("mode", list(LandingMode))
def test_every_response_mode_lands(driver: Driver, reference: Provider, mode: LandingMode) -> None:
    flow = authorize(reference, extra=(("response_mode", mode.value),))

    authorized = driver.run(flow)

    assert authorized.landing.mode is mode
    assert driver.run(redeem(reference, authorized)).access_token


def test_consent_can_be_denied(driver: Driver, reference: Provider) -> None:
    parameters = authorization_parameters(reference, pkce=fresh_pkce())

    ended = driver.run(visit(reference, parameters, deny=True))

    assert isinstance(ended, Landed)
    assert ended.landing.error == "access_denied"


def test_wrong_credentials_stop_at_the_login_form(driver: Driver, reference: Provider) -> None:
    assert reference.user is not None
    stranger = reference.with_user(replace(reference.user, password="wrong"))

    ended = driver.run(visit(stranger, authorization_parameters(stranger, pkce=fresh_pkce())))

    assert not isinstance(ended, Landed)
    assert "refused" in ended.why
