"""No refusal is believed of a server that answers everything alike from some request on.

The reference server breaks down in the midst of each experiment: after so many of its requests it
refuses everything, fails, asks for patience, is silent, or is gone. Whatever a check then makes of
an answer that has nothing to do with the question is neither a pass nor a violation.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from idprobe.audit import Audit, Options, resolve
from idprobe.evidence import Recorded
from idprobe.exchange import Exchange, Trace
from idprobe.observe import ACTING, Observation, Observer, Selection
from idprobe.probes import Depth, Safety, all_probes
from idprobe.profile import Profile, with_issuer
from idprobe.redaction import Vault
from idprobe.reference.config import reference_config
from idprobe.reference.server import ReferenceServer
from idprobe.suite import Check, InProcess, all_checks
from idprobe.verdict import Judgement, Satisfied, Violated

ISSUER: Final = "http://127.0.0.1:8081"
MARK: Final = "x-idprobe-fault"
SPARED: Final = frozenset({"", "metadata_documents", "keys_document"})
"""What asks before the experiments begin."""

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def answering(status: int, headers: dict[str, str], body: bytes) -> Asgi:
    """Return a server that answers everything alike, and says that it is a fault."""

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        pairs = [(name.encode(), value.encode()) for name, value in {**headers, MARK: "1"}.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})

    return answer


async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
    """Answer later than anybody waits for."""
    raise TimeoutError


async def gone(_scope: Any, _receive: Any, _send: Any) -> None:
    """Take no connection."""
    raise httpx.ConnectError("connection refused")


REFUSAL: Final = json.dumps({"error": "invalid_request"}).encode()
JSON: Final = {"content-type": "application/json", "cache-control": "no-store"}
FAULTS: Final = {
    "refuses": answering(400, JSON, REFUSAL),
    "fails": answering(500, {"content-type": "text/plain"}, b"oops"),
    "is busy": answering(429, {"retry-after": "60"}, b""),
    "is silent": silent,
    "is gone": gone,
}
PLACES: Final = [(fault, start) for fault in FAULTS for start in (0, 2, 3)]
"""The fault, and after how many requests of each experiment it begins."""


def breaking(app: Asgi, fault: Asgi, start: int) -> Asgi:
    """Return a server that is at fault from some request of each probe on."""
    counts: Counter[str] = Counter()

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        acting = ACTING.get()
        if acting not in SPARED:
            counts[acting] += 1
            if counts[acting] > start:
                await fault(scope, receive, send)
                return
        await app(scope, receive, send)

    return serve


def observed(fault: Asgi, start: int) -> tuple[Profile, Observation]:
    server = ReferenceServer(replace(reference_config(), issuer=ISSUER))
    profile = with_issuer(resolve("reference"), ISSUER)
    app = breaking(server.app, fault, start)
    selection = Selection(Depth.QUICK, Safety.INTRUSIVE)
    observer = Observer(profile, Vault(profile.secrets()), None, selection, InProcess(app))
    return profile, asyncio.run(observer.observe(all_probes()))


def is_faulty(exchange: Exchange) -> bool:
    response = exchange.response
    return response is None or response.header(MARK) is not None


def watched(check: Check, looked: list[Exchange]) -> Callable[..., None]:
    def body(**traces: Trace) -> None:
        try:
            check.body(**traces)
        finally:
            for trace in traces.values():
                looked.extend(trace.looked_at)

    return body


def resting_on_faults(
    profile: Profile, seen: Observation, tmp_path: Path
) -> Iterator[tuple[Check, Sequence[Judgement]]]:
    """Yield the checks that looked at a fault, and what they judged."""
    run = {"metadata": seen.situation.metadata, "observed": seen.situation.observed}
    recorded = Recorded(run, seen.traces, seen.outcomes)
    audit = Audit(profile, Options(tmp_path, keeps_evidence=False), recorded=recorded)
    audit.observe(())
    for check in all_checks():
        looked: list[Exchange] = []
        found = audit.judge(
            check.name, check.claim, check.requirements, check.probes, watched(check, looked)
        )
        if any(map(is_faulty, looked)):
            yield check, found


HAS_TO_BE_ACCEPTED: Final = frozenset(
    {
        "http/test_limits.py::test_documents_are_served_by_head",
        "http/test_limits.py::test_head_has_the_fields_of_get",
        "oauth21/test_grants_and_clients.py::test_secret_may_come_in_the_body",
        "oidc_core/test_14_15_strings_and_newcomers.py::test_newcomers_are_registered",
        "oidc_core/test_9_token_client_authentication.py::test_client_secret_post_is_in_the_body",
        "oidc_discovery/test_4_configuration.py::test_configuration_is_at_the_well_known_path",
        "oidc_discovery/test_4_configuration.py::test_scripts_may_read_the_configuration",
        "oidc_registration/test_2_client_metadata.py::test_pages_may_register",
        "oidc_session/test_session_management.py::test_page_is_advertised",
        "rfc6749/test_2_3_client_authentication.py::test_basic_credentials_are_taken",
        "rfc7591/test_3_registration_endpoint.py::test_bad_initial_access_token_is_told",
        "rfc7591/test_3_registration_endpoint.py::test_client_id_is_there",
        "rfc7591/test_3_registration_endpoint.py::test_registration_is_open",
        "rfc7591/test_3_registration_endpoint.py::test_success_is_201_with_json",
        "rfc8414/test_3_documents.py::test_metadata_are_served_to_anybody",
    }
)
"""Checks of what a server must accept: that it refuses even that is what they are there to find."""


def is_a_finding(check: Check, judgement: Judgement) -> bool:
    return isinstance(judgement.verdict, Violated) and check.name in HAS_TO_BE_ACCEPTED


@pytest.mark.parametrize(("fault", "start"), PLACES)
def test_nothing_is_judged_by_a_fault(fault: str, start: int, tmp_path: Path) -> None:
    profile, seen = observed(FAULTS[fault], start)

    wrong = [
        f"{check.name}: {one.verdict}"
        for check, found in resting_on_faults(profile, seen, tmp_path)
        for one in found[:1]
        if isinstance(one.verdict, Satisfied | Violated)
        and not (fault == "refuses" and is_a_finding(check, one))
    ]

    assert wrong == []
