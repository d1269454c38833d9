"""Variants of the reference server, and how to log in at them by either driver.

Run by `nox -s browser`: these tests need Playwright and a Chromium.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from idprobe.client.http_sender import HttpSender
from idprobe.client.wire import Wire
from idprobe.content import content
from idprobe.flows import Ending, authorization_parameters, fresh_pkce, visit
from idprobe.login.drivers import playing
from idprobe.model.exchange import Exchange
from idprobe.model.profile import Login, Profile, Provider, with_issuer
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer

Served = Callable[..., Profile]


@pytest.fixture
def served() -> Iterator[Served]:
    """Serve a variant of the reference server and give its profile with a driver."""
    running: list[Any] = []

    def start(
        server_class: type[ReferenceServer] = ReferenceServer, driver: str = "browser", **login: Any
    ) -> Profile:
        context = serve(reference_config(), server_class=server_class)
        running.append(context)
        profile = resolve(str(content("fixtures", "providers", "reference.toml")))
        profile = with_issuer(profile, context.__enter__().issuer, None)
        return replace(profile, login=Login(driver, **login))

    yield start
    for context in running:
        context.__exit__(None, None, None)


Journeys = Callable[..., list[tuple[Ending, list[Exchange]]]]


@pytest.fixture
def journeys() -> Journeys:
    """Make authorization requests one after the other in one fresh browser."""

    async def made(profile: Profile, count: int, options: dict[str, Any]) -> list[Any]:
        user = options.pop("user", next(iter(profile.users.values())))
        deny = options.pop("deny", False)
        found = []
        async with HttpSender(profile) as sender, playing(profile) as human:
            metadata = {"authorization_endpoint": f"{profile.issuer}/authorize"}
            provider = Provider(profile, metadata, profile.clients["web"], user)
            wire = Wire(provider, sender, human)
            for number in range(count):
                before = len(wire.exchanges)
                asked = authorization_parameters(provider, pkce=fresh_pkce(), **options)
                ended = await wire.run(visit(provider, asked, deny=deny), f"visit-{number}")
                found.append((ended, wire.exchanges[before:]))
        return found

    def journey(profile: Profile, count: int = 1, **options: Any) -> Any:
        return asyncio.run(made(profile, count, options))

    return journey
