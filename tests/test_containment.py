"""Nothing that a server sends, and no fault of ours with it, ends more than its own experiment."""

import contextlib
import json
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
from joserfc import jws

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.evidence.store import Evidence, read_evidence
from idprobe.judge.collect import Check, InProcess, all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.trace import Trace
from idprobe.model.verdict import HarnessFault, name_of
from idprobe.redaction import Vault
from idprobe.report import write_all
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.server import ReferenceServer

ISSUER: Final = "http://127.0.0.1:8081"
PROBES: Final = frozenset({"metadata_documents", "keys_document", "code_redeemed", "code_answer"})
UNJUDGED: Final = {"harness_fault", "not_applicable"}
CHECKS: Final = [check for check in all_checks() if set(check.probes) <= PROBES]


class SurrogateInMetadata(ReferenceServer):
    """A server whose metadata has a lone surrogate, as a value and as a member name."""

    @property
    def app(self) -> Any:
        honest = super().app

        async def answer(scope: Any, receive: Any, send: Any) -> None:
            async def changed(message: MutableMapping[str, Any]) -> None:
                if "headers" in message:
                    kept = [pair for pair in message["headers"] if pair[0] != b"content-length"]
                    message = {**message, "headers": kept}
                more = rb'{"x_unrelated":"a\ud800","x_\udfff":1,'
                body = message.get("body", b"").replace(b"{", more, 1)
                await send({**message, **({"body": body} if body else {})})

            await honest(scope, receive, changed if "/.well-known/o" in scope["path"] else send)

        return answer


class SurrogateInIdToken(ReferenceServer):
    """A server whose ID Tokens have claims with lone surrogates."""

    async def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        if typ != "JWT":
            return await super().sign(alg, typ, claims)
        kid, key = self.keys._current[alg]
        more = {**claims, "x_unrelated": ["\ud800", {"\udc00": 1}]}
        header = {"alg": alg, "typ": typ, "kid": kid}
        return jws.serialize_compact(header, json.dumps(more).encode(), key, algorithms=[alg])


def audited(server: type[ReferenceServer], out: Path, checks: list[Check] = CHECKS) -> Audit:
    """Judge a server in this process, and write all reports."""
    app = server(replace(reference_config(), issuer=ISSUER)).app
    audit = Audit(with_issuer(resolve("reference"), ISSUER), Options(out), InProcess(app))
    judged(audit, checks)
    write_all(audit.conclude(), out)
    return audit


def verdicts(audit: Audit) -> dict[tuple[str, str], str]:
    return {(one.check, one.requirement.id): name_of(one.verdict) for one in audit.judgements}


def verdicts_again(out: Path) -> dict[tuple[str, str], str]:
    recorded = read_evidence(out / "evidence")
    audit = Audit(recorded_profile(recorded), Options(out), recorded=recorded)
    judged(audit, CHECKS)
    return verdicts(audit)


@pytest.fixture(name="sound", scope="module")
def sound_(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], str]:
    """The verdicts on the reference server."""
    return verdicts(audited(ReferenceServer, tmp_path_factory.mktemp("sound")))


@pytest.mark.parametrize("server", [SurrogateInMetadata, SurrogateInIdToken])
def test_a_lone_surrogate_changes_no_verdict(
    server: type[ReferenceServer], sound: Mapping[tuple[str, str], str], tmp_path: Path
) -> None:
    audit = audited(server, tmp_path)

    assert verdicts(audit) == sound
    assert verdicts_again(tmp_path) == sound


@contextlib.contextmanager
def failing(place: type, name: str, probe: str) -> Iterator[None]:
    """Let a method fail for what one probe saw."""
    real = getattr(place, name)

    def fails(self: Any, trace: Any, *more: Any) -> Any:
        if (trace.probe if isinstance(trace, Trace) else trace) == probe:
            raise RecursionError("as a fault of ours would")
        return real(self, trace, *more)

    with mock.patch.object(place, name, fails):
        yield


@pytest.mark.parametrize(
    ("place", "name"),
    [(Vault, "redact"), (Evidence, "finish"), (Evidence, "ended")],
    ids=["redaction", "evidence", "the event loop"],
)
def test_a_crash_after_an_experiment_ends_that_experiment_alone(
    place: type, name: str, sound: Mapping[tuple[str, str], str], tmp_path: Path
) -> None:
    if name == "redact":
        crashes = failing(place, name, "code_answer")
    else:
        crashes = once(place, name, "code_answer")
    with crashes:
        audit = audited(ReferenceServer, tmp_path)

    readers = {check.name for check in CHECKS if "code_answer" in check.probes}
    faults = {one.check for one in audit.judgements if isinstance(one.verdict, HarnessFault)}
    assert faults
    assert faults <= readers
    assert {v for (c, _), v in verdicts(audit).items() if c in readers} <= UNJUDGED
    others = {key: value for key, value in verdicts(audit).items() if key[0] not in readers}
    assert others == {key: value for key, value in sound.items() if key[0] not in readers}
    assert json.loads((tmp_path / "results.json").read_bytes())["exit"][0] == 4
    assert verdicts_again(tmp_path) == verdicts(audit)
    assert "RecursionError at" in audit.conclude().probes["code_answer"].because


@contextlib.contextmanager
def once(place: type, name: str, probe: str) -> Iterator[None]:
    """Let a method fail for what one probe saw, the first time."""
    real = getattr(place, name)
    failed: list[str] = []

    def fails(self: Any, told: Any, *more: Any) -> Any:
        about = told.probe if isinstance(told, Trace) else told
        if about == probe and not failed:
            failed.append(about)
            raise RecursionError("as a fault of ours would")
        return real(self, told, *more)

    with mock.patch.object(place, name, fails):
        yield


def test_a_part_that_cannot_be_written_costs_no_other_part(tmp_path: Path) -> None:
    with (
        failing(Evidence, "write_part", "code_answer"),
        mock.patch("idprobe.observe.recorder.PARTS_S", 0.01),
    ):
        audit = audited(ReferenceServer, tmp_path)

    assert [one for one in audit.judgements if isinstance(one.verdict, HarnessFault)] == []


def test_a_crash_of_the_preflight_ends_no_run(
    sound: Mapping[tuple[str, str], str], tmp_path: Path
) -> None:
    with mock.patch(
        "idprobe.observe.preflight.refusal_of", side_effect=RecursionError("as ours would")
    ):
        audit = audited(ReferenceServer, tmp_path)

    assert verdicts(audit) == sound
    assert audit.conclude().probes["preflight"].outcome == "crashed"


def test_a_server_whose_metadata_crash_us_is_not_called_unreachable(tmp_path: Path) -> None:
    with failing(Vault, "redact", "metadata_documents"):
        audit = audited(ReferenceServer, tmp_path)

    assert "RecursionError at" in str(audit.observed.broken)
    assert audit.conclude().exit_codes[0] == 3
