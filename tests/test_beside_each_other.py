"""Experiments and clients that share one server do not pass for what the server does."""

import asyncio
from dataclasses import replace

import pytest
from tests.faults import ISSUER

from idprobe.audit import resolve
from idprobe.observe import Observer, Selection
from idprobe.probes import all_probes
from idprobe.profile import Capability, Role, with_issuer
from idprobe.redaction import Vault
from idprobe.reference.config import reference_config
from idprobe.reference.server import ReferenceServer
from idprobe.suite import InProcess

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
