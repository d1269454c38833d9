"""Servers whose HTTP is wrong below any application: each wakes its check and no other.

A front stands before the reference server, takes requests octet by octet, and mends or spoils them.
"""

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.audit.audit import Audit
from idprobe.audit.options import Options
from idprobe.judge.collect import all_checks, judged
from idprobe.model.profile import with_issuer
from idprobe.model.verdict import Satisfied, Violated
from idprobe.observe.selection import Selection
from idprobe.probes import Safety
from idprobe.setup.targets import resolve
from idprobe_reference.config import reference_config
from idprobe_reference.running import serve
from idprobe_reference.server import ReferenceServer
from idprobe_reference.settings import ServerConfig

CHECKS: Final = [c for c in all_checks() if c.name.startswith("http/test_framing.py")]
PATIENCE_S: Final = 5.0
CRASH: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

Change = Callable[[bytes], bytes]


def same(octets: bytes) -> bytes:
    return octets


@dataclass(frozen=True)
class Front:
    """What a front does to a request before it passes it on, and to the answer."""

    request: Change = same
    answer: Change = same
    stays_open: bool = False


def without(name: bytes) -> Change:
    """Return a change that takes every line of that name away, however it is spelled."""
    line = re.compile(rb"(?im)^" + name + rb" *:[^\n]*\n")
    return lambda octets: line.sub(b"", octets)


def one_host(octets: bytes) -> bytes:
    return without(b"host")(octets).replace(b"\r\n", b"\r\nHost: mended\r\n", 1)


def head_as_get(octets: bytes) -> bytes:
    return b"GET" + octets.removeprefix(b"HEAD") if octets.startswith(b"HEAD") else octets


def crash_on_control(octets: bytes) -> bytes:
    return b"" if re.search(rb"\x00|\r(?!\n)", octets) else octets


FRONTS: Final = {
    "RFC9112-3.2/host-required": Front(one_host),
    "RFC9112-5.1/no-space-before-colon": Front(lambda o: re.sub(rb" +:", b":", o)),
    "RFC9112-6.1/length-and-chunked-closes-connection": Front(stays_open=True),
    "RFC9112-6.1/unknown-transfer-coding-501": Front(
        lambda o: without(b"transfer-encoding")(o) if b"idprobe" in o else o
    ),
    "RFC9112-6.3/bad-content-length-400": Front(
        lambda o: o if b"chunked" in o else re.sub(rb"Content-Length:[^\n]*\n", b"", o)
    ),
    "RFC9110-5.5/cr-lf-nul-in-values": Front(crash_on_control),
    "RFC9110-9.3.2/head-without-content": Front(head_as_get),
    "RFC9110-6.6.1/date-present": Front(answer=without(b"date")),
}
ALSO: Final = {
    "RFC9112-6.1/length-and-chunked-closes-connection": "RFC9112-6.3/bad-content-length-400",
}
"""A front that keeps connections open keeps all of them open."""


class Handler(socketserver.BaseRequestHandler):
    """One connection: one request to the front, one to the server behind it."""

    front: Front
    upstream: int

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.settimeout(PATIENCE_S)
            asked = self.front.request(self._request())
            answer = self._passed_on(asked) if asked else CRASH
            self.request.sendall(self.front.answer(answer))
            if self.front.stays_open:
                self.request.recv(1)

    def _request(self) -> bytes:
        octets = b""
        while b"\r\n\r\n" not in octets and (more := self.request.recv(65_536)):
            octets += more
        return octets

    def _passed_on(self, asked: bytes) -> bytes:
        answer = b""
        with socket.create_connection(("127.0.0.1", self.upstream), PATIENCE_S) as upstream:
            upstream.sendall(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            while more := upstream.recv(65_536):
                answer += more
        return answer


class Listener(socketserver.ThreadingTCPServer):
    """A thread for each connection, gone with the test."""

    daemon_threads = True
    allow_reuse_address = True


@contextlib.contextmanager
def behind(front: Front) -> Iterator[str]:
    """Run the reference server behind a front, and yield the issuer that both go by."""
    handler: Any = type("Fronting", (Handler,), {"front": front})
    with Listener(("127.0.0.1", 0), handler) as listener:
        issuer = f"http://127.0.0.1:{listener.server_address[1]}"

        class Behind(ReferenceServer):
            def __init__(self, config: ServerConfig) -> None:
                super().__init__(replace(config, issuer=issuer))

        with serve(reference_config(), server_class=Behind) as running:
            handler.upstream = int(running.issuer.rpartition(":")[2])
            threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
            yield issuer
            listener.shutdown()


def verdicts(issuer: str, tmp_path: Path) -> tuple[set[str], set[str]]:
    """Return the requirements of framing that are satisfied, and those that are violated."""
    options = Options(tmp_path, Selection(safety=Safety.INTRUSIVE), keeps_evidence=False)
    judgements = judged(Audit(with_issuer(resolve("reference"), issuer), options), CHECKS)
    satisfied = {j.requirement.id for j in judgements if isinstance(j.verdict, Satisfied)}
    return satisfied, {j.requirement.id for j in judgements if isinstance(j.verdict, Violated)}


def test_a_front_that_changes_nothing_violates_nothing(tmp_path: Path) -> None:
    with behind(Front()) as issuer:
        satisfied, violated = verdicts(issuer, tmp_path)

    assert violated == set()
    assert satisfied == FRONTS.keys()


@pytest.mark.parametrize("requirement", FRONTS, ids=lambda name: str(name).rpartition("/")[2])
def test_a_fault_of_framing_wakes_its_check_and_no_other(requirement: str, tmp_path: Path) -> None:
    with behind(FRONTS[requirement]) as issuer:
        _, violated = verdicts(issuer, tmp_path)

    assert violated == {requirement, ALSO.get(requirement, requirement)}
