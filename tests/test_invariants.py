"""The invariants of design section 5: what must hold whatever the checks say."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.catalogue import load_catalogue
from idprobe.model.profile import Profile, with_issuer
from idprobe.model.verdict import Inconclusive, Judgement, Satisfied, Violated, name_of
from idprobe.probes import Safety, all_probes
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
CONFIGS: Final = {"reference": reference_config, "speakup": speakup_config}
ENDPOINTS: Final = {
    name: f"{ISSUER}/{name}"
    for name in (
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "introspection_endpoint",
        "revocation_endpoint",
        "jwks_uri",
    )
}

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def options(tmp_path: Path) -> Options:
    return Options(out=tmp_path / "out", keeps_evidence=False)


def audited(profile: Profile, app: Asgi | None, tmp_path: Path) -> list[Judgement]:
    transport = InProcess(app) if app is not None else None
    return judged(Audit(profile, options(tmp_path), transport), all_checks())


def embedded(name: str) -> tuple[Profile, Asgi]:
    server = ReferenceServer(replace(CONFIGS[name](), issuer=ISSUER))
    return with_issuer(resolve(name), ISSUER), server.app


def shown(judgements: list[Judgement]) -> list[str]:
    return [f"{j.requirement.id} by {j.check}: {j.verdict}" for j in judgements]


def test_the_reference_server_violates_nothing_and_leaves_nothing_open(tmp_path: Path) -> None:
    judgements = audited(*embedded("reference"), tmp_path)

    bad = [j for j in judgements if name_of(j.verdict) not in {"satisfied", "not_applicable"}]
    assert shown(bad) == []
    assert any(isinstance(j.verdict, Satisfied) for j in judgements)


def test_speakup_deviates_exactly_as_it_declares(tmp_path: Path) -> None:
    profile, app = embedded("speakup")

    judgements = audited(profile, app, tmp_path)

    violated = [j for j in judgements if isinstance(j.verdict, Violated)]
    open_ended = [j for j in judgements if name_of(j.verdict) in {"inconclusive", "harness_fault"}]
    catalogue = load_catalogue()
    assert shown(open_ended) == []
    assert shown([j for j in violated if j.deviation is None]) == []
    declared = {catalogue.canonical(d.requirement) for d in profile.deviations}
    assert declared == {catalogue.canonical(j.requirement.id) for j in violated}


def test_a_dead_server_satisfies_and_violates_nothing(tmp_path: Path) -> None:
    profile, _ = embedded("speakup")
    dead = with_issuer(profile, "http://127.0.0.1:1")

    judgements = audited(dead, None, tmp_path)

    assert {name_of(j.verdict) for j in judgements} == {"inconclusive"}
    assert len({str(j.verdict) for j in judgements}) == 1


def test_a_server_that_dies_after_its_metadata_satisfies_and_violates_nothing_more(
    tmp_path: Path,
) -> None:
    profile, app = embedded("reference")

    async def dying(scope: Any, receive: Any, send: Any) -> None:
        if "/.well-known/" not in scope["path"]:
            raise httpx.ConnectError("gone")
        await app(scope, receive, send)

    judgements = audited(profile, dying, tmp_path)

    for judgement in judgements:
        if name_of(judgement.verdict) in {"satisfied", "violated"}:
            assert reads_public_documents_only(judgement), judgement


async def agreeable(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer 200 and an empty JSON object to everything."""
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({}).encode()})


async def refusing(_scope: Any, _receive: Any, send: Any) -> None:
    """Refuse everything as an unauthorised client's doing."""
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    body = json.dumps({"error": "invalid_request"}).encode()
    await send({"type": "http.response.body", "body": body})


async def failing(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer 500 to everything."""
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"oops"})


async def limiting(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer 429 to everything."""
    headers = [(b"retry-after", b"60")]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def reads_public_documents_only(judgement: Judgement) -> bool:
    return all(all_probes()[name].safety is Safety.PASSIVE for name in judgement.traces)


@pytest.mark.parametrize(
    "app", [agreeable, refusing, failing, limiting], ids=lambda app: str(app.__name__)
)
def test_a_server_that_answers_everything_alike_satisfies_no_refusal(
    app: Asgi, tmp_path: Path
) -> None:
    profile, _ = embedded("speakup")

    judgements = audited(replace(profile, endpoints=ENDPOINTS), app, tmp_path)

    satisfied = [j for j in judgements if isinstance(j.verdict, Satisfied)]
    assert shown([j for j in satisfied if not reads_public_documents_only(j)]) == []
    assert any(isinstance(j.verdict, Inconclusive) for j in judgements)
