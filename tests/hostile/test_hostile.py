"""No hostile server makes the harness crash, hang, grow, lie, or betray a secret."""

import datetime as dt
import ipaddress
import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.hostile.cases import CASES, Case
from tests.hostile.mouths import MARK, plainly
from tests.hostile.wire import Asked, Honest, Mouth, Stage, Writer, context_of, playing, reference

from idprobe.judge.collect import all_checks
from idprobe_reference.certificates import make_certificates
from idprobe_reference.config import reference_config

MOST_MIB: Final = 300
MOST_S: Final = 90.0
SECRETS: Final = tuple(
    text
    for config in (reference_config(),)
    for text in (
        *(client.client_secret for client in config.clients if client.client_secret),
        *(user.password for user in config.users),
    )
)

ACCUSED: Final[dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("accused.json").read_text(encoding="utf-8")
)
"""What each hostile server is rightly accused of."""
PROBES_OF: Final = {check.name: frozenset(check.probes) for check in all_checks()}

Judge = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(name="judge", scope="session")
def judge_() -> Iterator[Judge]:
    """What judges a server in a process of its own."""
    command = [sys.executable, "-m", "tests.hostile.judge"]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) as process:
        asking, answering = process.stdin, process.stdout
        assert asking is not None
        assert answering is not None

        def judge(order: dict[str, Any]) -> dict[str, Any]:
            asking.write(json.dumps(order) + "\n")
            asking.flush()
            said: dict[str, Any] = json.loads(answering.readline())
            return said

        yield judge
        asking.close()


def certificate(folder: Path, kind: str) -> tuple[ssl.SSLContext, Path]:
    """Return what the server shows, and what clients trust."""
    good = make_certificates(folder)
    if kind == "good":
        return context_of(good.chain_file, good.key_file), good.ca_file
    now = dt.datetime.now(dt.UTC)
    until = now - dt.timedelta(days=1) if kind == "expired" else now + dt.timedelta(days=1)
    elsewhere = x509.DNSName("elsewhere.example")
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names: list[x509.GeneralName] = [elsewhere if kind == "elsewhere" else here]
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kind)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "bad.pem", folder / "bad.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    none = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, none))
    return context_of(chain, secret), good.ca_file if kind == "selfsigned" else chain


def leading_to(trap: Stage, mouth: Mouth) -> Mouth:
    """Return the mouth with {trap} replaced by the address of another server."""

    class Leading(Writer):
        def __init__(self, inner: Writer) -> None:
            self.inner = inner

        async def write(self, octets: bytes) -> None:
            head, mark, body = octets.partition(b"\r\n\r\n")
            head, body = (one.replace(b"{trap}", trap.issuer.encode()) for one in (head, body))
            lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"content-length")]
            lines.append(f"Content-Length: {len(body)}".encode())
            await self.inner.write(b"\r\n".join(lines) + mark + body)

    async def leading(asked: Asked, honest: Honest, writer: Writer) -> None:
        await mouth(asked, honest, Leading(writer))

    return leading


def told_to(trap: Stage) -> str:
    """Return all that another server was told."""
    return "\n".join(f"{a.method} {a.target} {a.headers} {a.body!r}" for a in trap.asked)


@pytest.fixture(name="trap")
def trap_() -> Iterator[Stage]:
    """Another server, which nobody allowed."""
    with playing(plainly, reference) as stage:
        yield stage


def order_for(stage: Stage, case: Case, ca_file: Path | None, out: Path) -> dict[str, Any]:
    """Return what the judge is asked for."""
    return {
        "issuer": stage.issuer,
        "ca_file": str(ca_file) if ca_file else None,
        "exchange_s": case.exchange_s,
        "out": str(out),
    }


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_server_is_judged_rightly_within_bounds(
    name: str,
    judge: Judge,
    trap: Stage,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    case = CASES[name]
    tls, ca_file = certificate(tmp_path, case.tls) if case.tls else (None, None)
    mouth = leading_to(trap, case.mouth) if case.traps else case.mouth
    with playing(mouth, case.make, tls) as stage:
        seen = judge(order_for(stage, case, ca_file, tmp_path / "out"))

    assert "crashed" not in seen, seen
    verdicts = {(check, one): (verdict, why) for check, one, verdict, why in seen["judgements"]}
    assert [key for key, (verdict, _) in verdicts.items() if verdict == "harness_fault"] == []
    assert [p for p, (outcome, _) in seen["probes"].items() if outcome == "crashed"] == []
    violated = {one: why for (_, one), (verdict, why) in verdicts.items() if verdict == "violated"}
    if not case.depends_on_luck:
        assert sorted(violated) == ACCUSED.get(name, []), violated
    elif case.at_most is not None:
        assert {one: why for one, why in violated.items() if one not in case.at_most} == {}
    satisfied = {check for (check, _), (verdict, _) in verdicts.items() if verdict == "satisfied"}
    assert {c for c in satisfied if not PROBES_OF[c].isdisjoint(case.unknown)} == set()
    assert seen["exit"][0] in {case.exit, *case.exits}, seen["exit"]
    assert seen["again"] == (seen["judgements"] if case.known else [])
    assert case.told in seen["printed"].replace("\n", " ")
    assert not any(secret in told_to(trap) for secret in SECRETS)
    assert [one for one in trap.asked if one.method != "GET" or one.header("authorization")] == []
    assert has_arrived(tmp_path / "out" / "evidence") == case.injects
    for report in ("report.html", "junit.xml"):
        assert is_tame((tmp_path / "out" / report).read_text(encoding="utf-8")), report
    ET.parse(tmp_path / "out" / "junit.xml")  # noqa: S314 -- we wrote it ourselves
    assert "\x1b" not in seen["printed"]
    assert "\n::" not in seen["printed"]
    record_property("peak_mib", seen["peak_mib"])
    assert seen["peak_mib"] < MOST_MIB
    assert seen["seconds"] < MOST_S


def has_arrived(evidence: Path) -> bool:
    """Return whether what was injected is in what was kept."""
    return any(MARK in path.read_text(encoding="utf-8") for path in evidence.glob("*.har"))


def is_tame(said: str) -> bool:
    """Return whether what the server said is text in a report, and nothing more."""
    return not any(wild in said for wild in ("<script>alert", "<img src=x", "\x1b"))
