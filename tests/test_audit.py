"""An audit as a whole, in process: what it keeps, what it refrains from, what it says again."""

import asyncio
import base64
import html
import json
import re
import string
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, unquote_plus, urlsplit

import pytest

from idprobe.audit.audit import Audit, recorded_profile
from idprobe.audit.options import Options
from idprobe.errors import ProfileError, UsageError
from idprobe.evidence.store import read_evidence
from idprobe.judge.collect import InProcess, all_checks, judged
from idprobe.model.profile import Client, Deviation, Profile, bare_profile, with_issuer
from idprobe.model.verdict import HarnessFault, Inconclusive, Judgement, because_of, name_of
from idprobe.observe import recorder
from idprobe.probes import Safety
from idprobe.report import write_all
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config, speakup_config
from idprobe_reference.mutants import mutant_named
from idprobe_reference.server import ReferenceServer
from tools.proving.trial import judgements

ISSUER: Final = "http://127.0.0.1:8081"

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def speakup() -> tuple[Profile, Asgi]:
    server = ReferenceServer(replace(speakup_config(), issuer=ISSUER))
    return with_issuer(resolve("speakup"), ISSUER), server.app


def with_wrong_secrets(profile: Profile) -> Profile:
    def spoilt(client: Client) -> Client:
        secret = client.client_secret
        return client if secret is None else replace(client, client_secret=f"{secret}-wrong")

    return replace(profile, clients={n: spoilt(c) for n, c in profile.clients.items()})


def told(judgements: list[Judgement]) -> list[tuple[str, str, str, str]]:
    return sorted(
        (j.check, j.requirement.id, name_of(j.verdict), because_of(j.verdict)) for j in judgements
    )


CREDENTIALS: Final = frozenset({
    "access_token", "refresh_token", "id_token", "code", "client_secret",
    "registration_access_token",
})  # fmt: skip


class Eavesdropper:
    """An ASGI layer that writes down every credential the server gives away, in its own way."""

    def __init__(self, app: Asgi) -> None:
        self.app = app
        self.heard: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""

        async def listening(message: Any) -> None:
            nonlocal body
            for name, value in message.get("headers", ()):
                self.heard.update(self.in_header(name.lower(), value.decode("latin-1")))
            body += message.get("body", b"")
            await send(message)

        await self.app(scope, receive, listening)
        self.heard.update(self.in_body(body.decode("utf-8", "replace")))

    def in_header(self, name: bytes, value: str) -> Iterator[str]:
        if name == b"set-cookie":
            yield value.partition(";")[0].partition("=")[2]
        if name == b"location":
            parts = urlsplit(value)
            for pair in (*parse_qsl(parts.query), *parse_qsl(parts.fragment)):
                yield from self.spoken(*pair)

    def in_body(self, text: str) -> Iterator[str]:
        for name, value in re.findall(r'"(\w+)":\s*"([^"]+)"', text):
            yield from self.spoken(name, value)
        for name, value in re.findall(r'name="(\w+)" value="([^"]+)"', text):
            yield from self.spoken(name, html.unescape(value))

    def spoken(self, name: str, value: str) -> Iterator[str]:
        if name in CREDENTIALS:
            yield value
            yield from (part for part in value.split(".")[2:] if part)  # the signature of a JWT


@pytest.fixture(name="eavesdropper", scope="module")
def eavesdropper_() -> Eavesdropper:
    return Eavesdropper(speakup()[1])


@pytest.fixture(name="finished", scope="module")
def finished_(tmp_path_factory: pytest.TempPathFactory, eavesdropper: Eavesdropper) -> Audit:
    """A whole audit of the embedded server, with its reports written."""
    profile, out = speakup()[0], tmp_path_factory.mktemp("run") / "out"
    audit = Audit(profile, Options(out), InProcess(eavesdropper))
    judged(audit, all_checks())
    write_all(audit.conclude(), audit.options.out)
    return audit


def test_recorded_evidence_is_judged_as_the_live_server_was(finished: Audit) -> None:
    recorded = read_evidence(finished.options.out / "evidence")
    again = Audit(recorded_profile(recorded), finished.options, recorded=recorded)

    judged(again, all_checks())

    assert told(again.judgements) == told(finished.judgements)
    assert len(again.judgements) > 0


def is_made_up(value: str) -> bool:
    """Return whether a value is one of ours that anybody could write, in a request as in a page."""
    return len(set(value)) == 1 or value in string.ascii_lowercase


def secrets_of(audit: Audit, eavesdropper: Eavesdropper) -> set[str]:
    """Return every secret of the run that is long enough to be told from ordinary text."""
    configured = [client.client_secret or "" for client in audit.profile.clients.values()]
    configured += [user.password for user in audit.profile.users.values()]
    found = {*audit.vault.known(), *eavesdropper.heard, *configured}
    return {secret for secret in found if len(secret) >= 12 and not is_made_up(secret)}


def spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
    }


def decoded_bodies(value: Any) -> Iterator[str]:
    """Yield what stands in base64 in a HAR document."""
    if isinstance(value, dict):
        if value.get("encoding") == "base64":
            yield base64.b64decode(value.get("text", "")).decode("utf-8", "replace")
        for one in value.values():
            yield from decoded_bodies(one)
    elif isinstance(value, list):
        for one in value:
            yield from decoded_bodies(one)


def test_no_file_of_a_run_holds_a_secret_in_any_spelling(
    finished: Audit, eavesdropper: Eavesdropper
) -> None:
    out = finished.options.out
    texts = [p.read_text(encoding="utf-8") for p in sorted(out.rglob("*")) if p.is_file()]
    for path in out.rglob("*.har"):
        texts += decoded_bodies(json.loads(path.read_text(encoding="utf-8")))
    kept = "\n".join(texts)
    clients = finished.profile.clients.values()
    pairs = {
        base64.b64encode(f"{c.client_id}:{c.client_secret}".encode()).decode()
        for c in clients
        if c.client_secret
    }

    secrets = secrets_of(finished, eavesdropper)
    found = {s for secret in secrets for s in spellings(secret) if s in kept}

    assert len(eavesdropper.heard) > 500
    assert found == set()
    assert {pair for pair in pairs if pair in kept} == set()


def test_every_bit_of_the_evidence_says_that_it_was_redacted(finished: Audit) -> None:
    recorded = read_evidence(finished.options.out / "evidence")

    assert recorded.traces
    assert all(trace.redacted for trace in recorded.traces.values())


async def overheard(receive: Any) -> tuple[bytes, Any]:
    """Return the whole body of a request, and what gives it to the application once more."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


class Counting:
    """An ASGI layer that remembers, in order, whether credentials of a client were right."""

    def __init__(self, app: Asgi, profile: Profile) -> None:
        self.app = app
        self.right = {c.client_id: c.client_secret for c in profile.clients.values()}
        self.tries: dict[str, list[bool]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, again = await overheard(receive)
        headers = dict(scope["headers"])
        form = parse_qs(body.decode("utf-8", "replace"))
        pair = self.pair(headers.get(b"authorization", b"").decode("latin-1"), form)
        if pair is not None and self.right.get(pair[0]) is not None:
            self.tries.setdefault(pair[0], []).append(pair[1] == self.right[pair[0]])

        await self.app(scope, again, send)

    def pair(self, authorization: str, form: dict[str, list[str]]) -> tuple[str, str] | None:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "basic":
            name, _, secret = base64.b64decode(credentials).decode("utf-8").partition(":")
            return unquote_plus(name), unquote_plus(secret)
        if "client_secret" in form and "client_id" in form:
            return form["client_id"][0], form["client_secret"][0]
        return None

    def longest_run_of_wrong_ones(self) -> int:
        longest = 0
        for tries in self.tries.values():
            row = 0
            for right in tries:
                row = 0 if right else row + 1
                longest = max(longest, row)
        return longest


def test_wrong_credentials_are_never_sent_more_than_three_times_in_a_row(tmp_path: Path) -> None:
    profile, app = speakup()
    counting = Counting(app, profile)

    judged(
        Audit(profile, Options(tmp_path, keeps_evidence=False), InProcess(counting)), all_checks()
    )

    assert any(not right for tries in counting.tries.values() for right in tries)
    assert counting.longest_run_of_wrong_ones() <= 3


def test_a_wrong_secret_in_the_profile_is_tried_once_and_is_one_reason(tmp_path: Path) -> None:
    profile, app = speakup()
    profile = with_wrong_secrets(profile)
    counting = Counting(app, speakup()[0])
    audit = Audit(profile, Options(tmp_path, keeps_evidence=False), InProcess(counting))

    judgements = judged(audit, all_checks())

    reasons = {
        because_of(j.verdict)
        for j in judgements
        if isinstance(j.verdict, Inconclusive) and "code_redeemed" in j.traces
    }
    assert counting.longest_run_of_wrong_ones() == 1
    assert len(reasons) == 1
    assert "check client_secret" in reasons.pop()
    assert audit.conclude().exit_codes[0] == 3
    assert any(
        name_of(j.verdict) == "satisfied" and j.traces == ("metadata_documents",)
        for j in judgements
    )


def test_a_wrong_password_is_tried_once_and_is_one_reason(tmp_path: Path) -> None:
    profile, app = speakup()
    users = {name: replace(user, password="wrong-one") for name, user in profile.users.items()}
    tried: list[str] = []

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        body, again = await overheard(receive)
        form = parse_qs(body.decode("utf-8", "replace"))
        tried.extend(form.get("username", []) if "password" in form else [])
        await app(scope, again, send)

    audit = Audit(
        replace(profile, users=users), Options(tmp_path, keeps_evidence=False), InProcess(listening)
    )
    judgements = judged(audit, all_checks())

    reasons = {
        because_of(j.verdict)
        for j in judgements
        if isinstance(j.verdict, Inconclusive) and "code_redeemed" in j.traces
    }
    assert tried.count("alice") == 1
    assert tried.count("bob") <= 1
    assert len(reasons) == 1
    assert "check username and password" in reasons.pop()


def test_a_target_beyond_loopback_needs_somebody_who_allowed_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="authorized_by"):
        Audit(replace(speakup()[0], issuer="https://id.example"), Options(tmp_path))


def test_public_documents_of_any_host_need_nobody(tmp_path: Path) -> None:
    audit = Audit(bare_profile("https://id.example"), Options(tmp_path))

    assert audit.options.selection.safety is Safety.PASSIVE


def test_a_deviation_of_no_requirement_is_a_profile_error(tmp_path: Path) -> None:
    profile = replace(speakup()[0], deviations=(Deviation("RFC6749-5.1/no-such", "why"),))

    with pytest.raises(ProfileError, match=r"deviations: RFC6749-5\.1/no-such"):
        Audit(profile, Options(tmp_path))


def test_a_check_judges_what_says_the_same_too(tmp_path: Path) -> None:
    profile, app = speakup()
    both = replace(profile, standards=("oauth2.1",))
    audit = Audit(both, Options(tmp_path, keeps_evidence=False), InProcess(app))
    checks = [c for c in all_checks() if "RFC9700-4.16/clickjacking-prevented" in c.requirements]

    judged(audit, checks)

    assert {j.requirement.id for j in audit.judgements} == {"OAUTH21-7.11/clickjacking-prevented"}


def test_an_unknown_requirement_is_of_no_standard(tmp_path: Path) -> None:
    profile, _ = speakup()

    assert not Audit(profile, Options(tmp_path)).scope.selects("RFC1-1/no-such-requirement")


@pytest.mark.parametrize("server", ["sound", "token-has-no-audience"])
def test_a_judgement_quotes_the_exchange_that_its_check_asked_for(
    server: str, tmp_path: Path
) -> None:
    server_class = ReferenceServer if server == "sound" else mutant_named(server).server_class
    app = server_class(replace(reference_config(), issuer=ISSUER)).app
    profile = with_issuer(resolve("reference"), ISSUER)
    audit = Audit(profile, Options(tmp_path, keeps_evidence=False), InProcess(app))
    checks = [one for one in all_checks() if "RFC6750-5.3/audience-restricted" in one.requirements]

    (judgement,) = (j for j in judged(audit, checks) if j.requirement.id.startswith("RFC6750"))

    assert len(audit.traces(["tokens_introspected"])["tokens_introspected"]) > 1
    assert judgement.sent.startswith("access: ")


def test_what_a_probe_saw_is_on_disk_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PARTS_S", 0.01)
    profile, app = speakup()
    parts: set[str] = set()

    def look() -> None:
        parts.update(path.name for path in tmp_path.rglob("*.part.jsonl"))

    async def slow_tokens(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/token":
            await asyncio.sleep(0.2)
            look()
        await app(scope, receive, send)

    audit = Audit(profile, Options(tmp_path), InProcess(slow_tokens))
    audit.observe(["code_redeemed"])

    assert "code_redeemed.part.jsonl" in parts
    assert not list(tmp_path.rglob("*.part.jsonl"))


def test_an_audit_goes_on_where_jwks_uri_is_no_address() -> None:
    mutant = mutant_named("jwks-uri-is-no-url")

    found = judgements(mutant, {"client_credentials_answer"}, Safety.NORMAL)

    assert "satisfied" in {name_of(one.verdict) for one in found}
    assert not [one for one in found if isinstance(one.verdict, HarnessFault)]
