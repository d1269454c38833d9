"""How much memory a server holds: by its process, or by what it tells Prometheus."""

import os
from pathlib import Path
from typing import Final

import httpx

from idprobe.client.trust import tls_context
from idprobe.errors import UsageError
from idprobe.model.profile import Tls, host_of, is_loopback, is_usable_url

__all__ = ["Scraped", "memory_of", "refuse_metrics", "unknown"]

RESIDENT: Final = "process_resident_memory_bytes"
"""What Prometheus's own clients call it."""
OF_A_JVM: Final = "jvm_memory_used_bytes"
"""What Micrometer calls it, an area and pool each."""
MAX_OCTETS: Final = 4_000_000
PATIENCE_S: Final = 2.0


def unknown() -> int | None:
    """Return nothing, where nobody said whose memory."""
    return None


def memory_of(pid: int) -> int | None:
    """Return how many octets of memory a process holds; None if nobody can tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


class Scraped:
    """What a server told last at its metrics URL: the octets, None where it did not."""

    def __init__(self, url: str) -> None:
        self._url: Final = url
        self._octets: int | None = None

    def __call__(self) -> int | None:
        """Return what was told last, and wait for nothing."""
        return self._octets

    def ask(self) -> None:
        """Ask now; an answer that cannot be used, or is none, makes it unknown."""
        try:
            self._octets = _told(_fetched(self._url))
        except (httpx.HTTPError, ValueError, OverflowError):
            self._octets = None


def _fetched(url: str) -> str:
    """Return a page of figures; raises HTTPError or ValueError."""
    kept = b""
    with (
        httpx.Client(timeout=PATIENCE_S, trust_env=False, verify=tls_context(Tls())) as client,
        client.stream("GET", url, headers={"Accept": "text/plain"}) as answer,
    ):
        answer.raise_for_status()
        for part in answer.iter_bytes():
            kept += part
            if len(kept) > MAX_OCTETS:
                raise ValueError("too long")
    return kept.decode()


def _told(text: str) -> int | None:
    """Return the octets of memory in a page of figures; raises ValueError or OverflowError."""
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 -- an extra

    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in {RESIDENT, OF_A_JVM}:
                found[sample.name] = found.get(sample.name, 0.0) + sample.value
    octets = found.get(RESIDENT, found.get(OF_A_JVM))
    return None if octets is None else int(octets)


def refuse_metrics(url: str, may_load: frozenset[str]) -> None:
    """Raise UsageError unless figures may be fetched there: from loopback, or a host named."""
    if not is_usable_url(url) or "?" in url:
        # it is shown in reports, and a user or a query might be a secret
        raise UsageError(
            "--server-metrics wants an http or https address without user and query, such as "
            "http://127.0.0.1:9000/metrics"
        )
    host = host_of(url)
    if not is_loopback(url) and host not in may_load:
        raise UsageError(
            f"--server-metrics asks {host} once a second: pass --i-may-load {host} if its owner "
            f"agrees"
        )
