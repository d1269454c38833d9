"""Whether evidence is what was observed: its files held to the manifest that sealed them.

The seal is SHA-256 over each file, in `manifest.json`. Whoever can write to the folder can remove
it, or make a new one: that is what a signature over the manifest is for (see `signatures`).
"""

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from idprobe.errors import EvidenceError

__all__ = ["MANIFEST", "SIGNATURE", "Seal", "SealState", "digests_of", "octets_of", "seal_of"]

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = f"{MANIFEST}.sig"
PART: Final = ".part.jsonl"
_NO_EVIDENCE: Final = frozenset({"Thumbs.db", "desktop.ini"})
"""What systems leave in folders that somebody looked into; names with a dot in front, as well."""
_MOST_BYTES: Final = 512 * 2**20
_MOST_FILES: Final = 5_000
_MOST_NAMED: Final = 10


class SealState(StrEnum):
    """How evidence stands to its manifest."""

    SEALED = "sealed"
    """Every file is as the manifest says."""
    UNSEALED = "unsealed"
    """There is no manifest."""
    BROKEN = "broken"
    """Something was changed, removed or added since."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of the integrity of evidence."""

    state: SealState
    flaws: tuple[str, ...] = ()
    """What does not fit the manifest, a file each."""
    signed_by: str | None = None
    """The id of the key whose signature over the manifest was verified, if one was."""

    @property
    def told(self) -> str:
        """What every report says of it; empty where the evidence is as it was sealed."""
        if self.state is SealState.UNSEALED:
            return (
                "the evidence is not sealed: the run was stopped before it ended, or its "
                f"{MANIFEST} was removed since"
            )
        if self.state is SealState.BROKEN:
            return (
                f"the evidence is not as it was sealed ({self.shown_flaws}): what is judged may "
                "not be what was observed"
            )
        return f"the evidence is signed by key {self.signed_by}" if self.signed_by else ""

    @property
    def shown_flaws(self) -> str:
        """The flaws in a line, the first of many."""
        more = len(self.flaws) - _MOST_NAMED
        return ", ".join((*self.flaws[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])))


def octets_of(folder: Path) -> dict[str, bytes]:
    """Return the files of an evidence folder by name, each read once.

    Raises EvidenceError for a link, a folder or a device among them: evidence has none, and what
    they lead to is not for us to read; and for more than evidence ever has.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not _is_foreign(path.name))
        if len(paths) > _MOST_FILES:
            raise EvidenceError(f"{folder} holds more than {_MOST_FILES} files: no evidence does")
        sizes = [_size_of(path) for path in paths]
        if sum(sizes) > _MOST_BYTES:
            raise EvidenceError(f"{folder} holds more than {_MOST_BYTES // 2**20} MiB: no evidence")
        return {path.name: path.read_bytes() for path in paths}
    except OSError as error:
        where = error.filename or folder
        raise EvidenceError(f"{where} cannot be read ({error.strerror})") from None


def _is_foreign(name: str) -> bool:
    return name.startswith(".") or name in _NO_EVIDENCE


def _size_of(path: Path) -> int:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise EvidenceError(f"{path} is no plain file, so idprobe did not write it: remove it")
    return found.st_size


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file but the manifest and its signature."""
    return {
        name: hashlib.sha256(octets).hexdigest()
        for name, octets in sorted(files.items())
        if name not in {MANIFEST, SIGNATURE}
    }


def seal_of(files: Mapping[str, bytes]) -> Seal:
    """Hold the files of an evidence folder to their manifest."""
    if MANIFEST not in files:
        return Seal(SealState.UNSEALED)
    sealed = _sealed(files[MANIFEST])
    if sealed is None:
        return Seal(SealState.BROKEN, (f"{MANIFEST} changed",))
    flaws = tuple(_flaws(sealed, digests_of(files)))
    return Seal(SealState.BROKEN if flaws else SealState.SEALED, flaws)


def _sealed(manifest: bytes) -> Mapping[str, str] | None:
    """Return the digests that a manifest has, None if it is none."""
    try:
        found = json.loads(manifest)["sha256"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    is_table = isinstance(found, dict) and all(isinstance(one, str) for one in found.values())
    return found if is_table else None


def _flaws(sealed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(sealed.keys() & found.keys()):
        if sealed[name] != found[name]:
            yield f"{name} changed"
    # parts of unfinished experiments are judged by nobody, and no archive has them
    missing = (name for name in sealed.keys() - found.keys() if not name.endswith(PART))
    yield from (f"{name} missing" for name in sorted(missing))
    yield from (f"{name} added" for name in sorted(found.keys() - sealed.keys()))
