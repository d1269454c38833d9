"""Experiments and clients that share one server do not pass for what the server does."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.faults import ISSUER

from idprobe.judge.collect import InProcess
from idprobe.model.profile import Capability, Role, with_issuer
from idprobe.observe.observer import Observer, Unreachable
from idprobe.observe.recorder import Observation
from idprobe.observe.selection import Selection
from idprobe.probes import all_probes
from idprobe.redaction import Vault
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

ENDING = sorted(
    name
    for name, one in all_probes().items()
    if Capability.END_SESSION in one.needs and one.role is not None
)


@pytest.mark.parametrize("name", ENDING)
def test_who_ends_sessions_of_a_client_that_others_use_is_alone(name: str) -> None:
    assert all_probes()[name].exclusive


def test_a_redirect_uri_that_two_clients_have_is_not_that_of_another() -> None:
    server = ReferenceServer(replace(reference_config(), issuer=ISSUER))
    profile = with_issuer(resolve("reference"), ISSUER)
    web, second = profile.client_for(Role.WEB), profile.client_for(Role.SECOND)
    assert web is not None
    assert second is not None
    shared = replace(second, redirect_uris=web.redirect_uris[:1])
    profile = replace(profile, clients={**profile.clients, second.name: shared})
    observer = Observer(profile, Vault(profile.secrets()), None, Selection(), InProcess(server.app))

    seen = asyncio.run(
        observer.observe(["redirect_uri_of_another_client", "code_redirect_uri_differs"])
    )

    assert seen.outcomes["redirect_uri_of_another_client"].because == (
        f"client {second.name} has no redirect_uri that {web.name} has not as well"
    )
    assert "of-another-client" not in seen.traces["code_redirect_uri_differs"]
    assert "longer-host" in seen.traces["code_redirect_uri_differs"]


def observed(server: type[ReferenceServer], *names: str, **changes: Any) -> Observation:
    """Return what these probes see of a server by a profile that is changed so."""
    app = server(replace(reference_config(), issuer=ISSUER)).app
    profile = replace(with_issuer(resolve("reference"), ISSUER), **changes)
    observer = Observer(profile, Vault(profile.secrets()), None, Selection(), InProcess(app))
    return asyncio.run(observer.observe(names))


def test_a_role_that_nobody_plays_is_named() -> None:
    clients = {"web": with_issuer(resolve("reference"), ISSUER).clients["web"]}

    seen = observed(ReferenceServer, "redirect_uri_of_another_client", clients=clients)

    ended = seen.outcomes["redirect_uri_of_another_client"]
    assert (ended.outcome, ended.because) == (
        "not_applicable",
        "no client of the profile can play the role second",
    )


def test_a_server_that_says_nothing_of_itself_cannot_be_tested() -> None:
    class Nameless(ReferenceServer):
        async def show_metadata(self, _request: Request) -> Response:
            return Response(status_code=404)

    with pytest.raises(Unreachable, match="serves no metadata document and the profile names no"):
        observed(Nameless, "code_redeemed")


def test_a_grant_that_nobody_promised_is_not_missed() -> None:
    class Silent(ReferenceServer):
        def metadata(self) -> dict[str, Any]:
            found = super().metadata()
            return {name: found[name] for name in found if name != "grant_types_supported"}

        async def token(self, _request: Request) -> Response:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)

    ended = observed(Silent, "code_redeemed").outcomes["code_redeemed"]

    assert ended.outcome == "not_applicable"
    assert ended.because == "the server answers unsupported_grant_type to this grant"
