"""A few exchanges of a run, kept as evidence: of each kind of failure, and the slowest."""

import heapq
import itertools
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from http.client import responses
from pathlib import Path
from typing import Final

from idprobe.evidence.har import to_har
from idprobe.formats.strict_json import json_text
from idprobe.load.engine.encoded_requests import EncodedRequest
from idprobe.load.engine.responses import RawResponse
from idprobe.model.exchange import Exchange, Request, Response
from idprobe.model.profile import Profile
from idprobe.model.trace import Trace
from idprobe.redaction import Vault

__all__ = ["Samples", "request_of", "samples_path", "samples_text", "write_samples"]

OF_EACH_KIND: Final = 3
MOST_FAILED: Final = 60
SLOWEST: Final = 10
OURS: Final = frozenset({"host", "content-length"})
"""Headers that belong to the sender, not to the request (see idprobe.model.exchange)."""


def request_of(encoded: EncodedRequest) -> Request:
    """Return the request that was encoded."""
    head, _, body = encoded.data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, target, _ = first.split(b" ", 2)
    pairs = (line.decode("latin-1").partition(": ") for line in lines)
    headers = tuple((name, value) for name, _, value in pairs if name.lower() not in OURS)
    return Request(method.decode("ascii"), encoded.origin, target, headers, body)


class Samples:
    """What is kept of a run; `slow_ns` is what an exchange has to take to be among the slowest."""

    def __init__(self) -> None:
        self._failed: list[Exchange] = []
        self._kinds: Counter[str] = Counter()
        self._slowest: list[tuple[int, int, EncodedRequest, RawResponse, float]] = []
        self._numbers: Final = itertools.count()
        self.slow_ns = 0

    def slow(self, encoded: EncodedRequest, answer: RawResponse, elapsed_ns: int) -> None:
        """Keep one of the slowest exchanges, and drop the fastest of them."""
        kept = (elapsed_ns, next(self._numbers), encoded, answer, time.time())
        heapq.heappush(self._slowest, kept)
        if len(self._slowest) > SLOWEST:
            heapq.heappop(self._slowest)
            self.slow_ns = self._slowest[0][0]

    def failed(
        self, encoded: EncodedRequest, answer: RawResponse | None, elapsed_ns: int, why: str
    ) -> None:
        """Keep the exchange that a failure came from, a few times for each kind."""
        if self._kinds[why] >= OF_EACH_KIND or len(self._failed) >= MOST_FAILED:
            return
        self._kinds[why] += 1
        ended_s = time.time()
        self._failed.append(_exchange(encoded, answer, elapsed_ns, ended_s, why))

    def forget(self) -> None:
        """Start anew: what came before is not of the run."""
        self._failed.clear()
        self._kinds.clear()
        self._slowest.clear()
        self.slow_ns = 0

    def stop_timing(self) -> None:
        """Keep no more slow exchanges: what comes now is not of what is measured."""
        self.slow_ns = sys.maxsize

    @property
    def trace(self) -> Trace:
        """Everything that was kept: failures first, then the slowest."""
        slowest = [
            _exchange(encoded, answer, elapsed_ns, ended_s, None)
            for elapsed_ns, _, encoded, answer, ended_s in sorted(self._slowest, reverse=True)
        ]
        return Trace("load", (*self._failed, *slowest))


def _exchange(
    encoded: EncodedRequest,
    answer: RawResponse | None,
    elapsed_ns: int,
    ended_s: float,
    why: str | None,
) -> Exchange:
    started_at = datetime.fromtimestamp(ended_s - elapsed_ns / 1e9, UTC)
    response = None if answer is None else _without_reason(answer.response())
    failure = why if answer is None else None
    step = "slow" if why is None else f"failed: {why}"
    return Exchange(request_of(encoded), response, started_at, elapsed_ns, step, failure)


def _without_reason(response: Response) -> Response:
    """Return a response whose reason phrase is the registered one, or none.

    It is free text of the server, which may repeat a secret there.
    """
    return replace(response, reason=responses.get(response.status, ""))


def samples_path(plan_path: Path, place: int) -> Path:
    """Return where the samples of a worker of a plan are kept."""
    return plan_path.with_name(f"samples-{place}.har")


def samples_text(samples: Samples, profile: Profile) -> str:
    """Return what was kept as HAR, without its secrets; empty where there is nothing."""
    trace = samples.trace
    if not len(trace):
        return ""
    redacted = Vault.of(profile).redact(trace)
    return json_text(to_har(redacted)) + "\n"


def write_samples(path: Path, text: str) -> None:
    """Write the text of samples, if there is any."""
    if text:
        path.write_text(text, encoding="utf-8")
