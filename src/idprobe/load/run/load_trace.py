"""A load run as a trace that checks can read: what load.json counts, and what was sampled."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from idprobe.errors import EvidenceError
from idprobe.evidence.har import from_har
from idprobe.evidence.store import UNDER_LOAD
from idprobe.model.profile import Profile
from idprobe.model.trace import Trace

__all__ = ["FOLDED", "is_run_of", "load_trace", "under_load"]

SAMPLES: Final = "samples-*.har"
MAX_BYTES: Final = 16_000_000
FOLDED: Final = 100_000
"""How far the numbers of pseudonyms of two workers lie apart, who each counted from one."""
_PSEUDONYM: Final = re.compile(r"(?<=‹)([a-z_]+)-([0-9]+)(?=›)")
_TOLD: Final = ("scenario", "issuer", "started_at", "void", "unusable", "lost", "judged")


def load_trace(path: Path, document: Mapping[str, Any]) -> Trace | None:
    """Return the trace of a load.json and of the samples beside it.

    None where it does not say what its answers were held to, as those of earlier versions do not.
    Raises EvidenceError for samples that cannot be used.
    """
    if "judged" not in document:
        return None
    texts = [_text(file) for file in sorted(path.parent.glob(SAMPLES))]
    traces = [_read(text, place) for place, text in enumerate(texts)]
    return under_load(document, traces)


def under_load(document: Mapping[str, Any], traces: Iterable[Trace]) -> Trace:
    """Return one trace of a load run: redacted samples of its workers, and what was counted."""
    kept = tuple(traces)
    if not all(trace.redacted for trace in kept):
        raise EvidenceError(
            "samples of a load run were not redacted, so idprobe did not write them"
        )
    found = {
        **document,
        "issuer": document["target"]["issuer"],
        # what a generator that died has found is not to be trusted
        "lost": bool(document["findings"]) and document["exit"] == 4,  # noqa: PLR2004 -- a void run
    }
    return Trace(
        UNDER_LOAD,
        tuple(exchange for trace in kept for exchange in trace.exchanges),
        {name: facts for trace in kept for name, facts in trace.facts.items()},
        redacted=True,
        searched={name: found[name] for name in _TOLD},
    )


def is_run_of(document: Mapping[str, Any], profile: Profile) -> bool:
    """Return whether a load run was of this server; the embedded one has a new port each time."""
    loaded = document["target"]
    if profile.embedded is not None:
        return bool(loaded["name"] == profile.name)
    return bool(loaded["issuer"].rstrip("/") == profile.issuer.rstrip("/"))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8")
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise EvidenceError(f"{path}: is not the HAR of a load run") from None


def _read(text: str, place: int) -> Trace:
    """Return the samples of a worker, its pseudonyms told apart from those of the others."""

    def apart(found: re.Match[str]) -> str:
        return f"{found[1]}-{int(found[2]) + place * FOLDED}"

    try:
        return from_har(json.loads(_PSEUDONYM.sub(apart, text) if place else text))
    except (ValueError, RecursionError):
        raise EvidenceError("the samples of a load run cannot be read as JSON") from None
