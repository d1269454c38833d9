"""Folders of results: who may write to one, and what `latest` leads to.

A run takes its folder before it writes there, by a marker that only one of two runs at once can
make. What idprobe did not write is never replaced, and what it wrote only with `--overwrite`.
"""

import importlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from idprobe.errors import UsageError

__all__ = [
    "EVIDENCE",
    "LATEST",
    "Claim",
    "Files",
    "claim",
    "fresh_folder",
    "lead_latest_to",
    "leads_to",
    "refuse_taken",
]

OUTPUT: Final = Path("reports", "output")
LATEST: Final = "latest"
EVIDENCE: Final = tuple(
    f"evidence/{name}"
    for name in (
        *("*.har", "*.part.jsonl", "run.json", "probes.jsonl", ".*.tmp"),
        *("manifest.json", "manifest.json.sig"),
    )
)
"""The files of a run's evidence."""
_OURS: Final = ({"tool", "schema"}, {"providers", "requirements"}, {"runs", "comparisons"})
"""Members by which a record of ours is known that was written before there were markers."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a call writes into its folder, by patterns relative to it."""

    kind: str
    """Calls of different kinds may share a folder: an audit shows the load run that is there."""
    written: tuple[str, ...]
    replaced: tuple[str, ...]
    """What goes with `--overwrite`, `written` included: what would be stale beside it."""
    records: tuple[str, ...]
    """The files that show, without a marker, that idprobe wrote the rest."""

    @property
    def marker(self) -> str:
        """The name of the marker."""
        return f".idprobe-{self.kind}"


@dataclass(slots=True, eq=False)
class Claim:
    """A folder that is ours to write to until it is released."""

    folder: Path
    files: Files
    _lock: int
    _is_new: bool

    def release(self) -> None:
        """Let others have the folder; where nothing was written, leave it as it was."""
        if not any(_found(self.folder, self.files.written)):
            with suppress(OSError):
                (self.folder / self.files.marker).unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir() if self._is_new else None
        os.close(self._lock)


def claim(folder: Path, files: Files, *, overwrite: bool = False) -> Claim:
    """Take a folder; raises UsageError, and leaves it as it was, if it is not ours to write to."""
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _marked(folder, files, overwrite=overwrite)
    except OSError as error:
        raise UsageError(f"cannot write to {folder} ({error.strerror})") from None
    return Claim(folder, files, lock, is_new)


def refuse_taken(folder: Path, files: Files, *, overwrite: bool = False) -> None:
    """Raise UsageError for a folder that `claim` would refuse for what it holds; touch nothing."""
    owned = _owned(folder, files)
    if (folder / files.marker).exists() or any(_found(folder, files.written)):
        _refuse(folder, files, owned, overwrite=overwrite)


def _marked(folder: Path, files: Files, *, overwrite: bool) -> int:
    """Return the open marker of a folder that we may write to, locked where systems can."""
    path = folder / files.marker
    owned = _owned(folder, files)
    try:
        marker, made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), True
    except FileExistsError:
        marker, made = os.open(path, os.O_RDWR), False
    try:
        _lock(marker, folder, unless_known=made or overwrite)
        _refuse(folder, files, owned, overwrite=overwrite)
        gone = [one for one in _found(folder, files.replaced) if _matches(one, folder, owned)]
        for one in gone:
            one.unlink()
        kept = [one for one in owned if one not in files.replaced]
        os.ftruncate(marker, 0)
        os.pwrite(marker, json.dumps({"files": [*files.written, *kept]}).encode(), 0)
    except (OSError, UsageError):
        os.close(marker)
        if made:
            path.unlink(missing_ok=True)
        raise
    return marker


def _refuse(folder: Path, files: Files, owned: Sequence[str], *, overwrite: bool) -> None:
    """Raise UsageError for what is in the way."""
    there = list(_found(folder, files.written))
    strange = [one for one in there if not _matches(one, folder, owned)]
    if strange:
        raise UsageError(
            f"{strange[0]} is there already, and idprobe did not write it: name another --output, "
            f"or move it away"
        )
    ours = there or list(_found(folder, owned))
    if ours and not overwrite:
        raise UsageError(
            f"{folder} holds results of another run: name a new --output, or say --overwrite"
        )
    linked = next((one.parent for one in ours if one.parent.is_symlink()), None)
    if linked is not None and linked != folder:
        raise UsageError(f"{linked} is a link: --overwrite replaces what is in {folder} alone")


def _owned(folder: Path, files: Files) -> tuple[str, ...]:
    """Return patterns of what idprobe wrote into a folder, by its marker or by its records."""
    try:
        found = json.loads((folder / files.marker).read_bytes())["files"]
        return tuple(str(one) for one in found)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        is_ours = any(_is_record(folder / name) for name in files.records)
        return files.replaced if is_ours else ()


def _is_record(path: Path) -> bool:
    try:
        document: Any = json.loads(path.read_bytes()) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and any(ours <= document.keys() for ours in _OURS)


def _found(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Yield what there is of some patterns, links that lead nowhere included."""
    for pattern in patterns:
        if "*" in pattern:
            yield from sorted(folder.glob(pattern))
        elif os.path.lexists(folder / pattern):
            yield folder / pattern


def _matches(path: Path, folder: Path, patterns: Iterable[str]) -> bool:
    name = path.relative_to(folder).as_posix()
    return any(fnmatchcase(name, one) for one in patterns)


def _lock(marker: int, folder: Path, *, unless_known: bool) -> None:
    """Lock a marker until its process ends; raises UsageError if another process has it.

    Where there are no locks, whether the folder is free is what is told.
    """
    try:
        fcntl = importlib.import_module("fcntl")
        fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_free = True
    except BlockingIOError:
        is_free = False
    except (ImportError, OSError):  # Windows, or a file system without locks
        is_free = unless_known
    if not is_free:
        raise UsageError(f"another run writes to {folder}: name a new --output")


def fresh_folder(name: str) -> Path:
    """Return a folder below reports/output that no other run has; no name leads out of it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3]
    plain = re.sub(r"[^\w.@~+:-]", "_", name).lstrip(".")[:100] or "run"
    return OUTPUT / f"{plain}-{stamp}-{secrets.token_hex(2)}"


def lead_latest_to(out: Path) -> str | None:
    """Let `latest`, beside the results, lead to them; return why not, if it is somebody else's.

    Only a link to results beside it is replaced; without links in the file system, nothing is made.
    """
    latest = out.parent / LATEST
    if out.name in {"", "..", LATEST}:
        return None
    if os.path.lexists(latest) and leads_to(latest) is None:
        return f"{latest} stays as it is: it is no link to results of idprobe"
    aside = out.parent / f".{LATEST}-{secrets.token_hex(4)}"
    try:
        aside.symlink_to(out.name)
        aside.replace(latest)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
    return None


def leads_to(latest: Path) -> str | None:
    """Return the name of the results folder that a link leads to, which is beside it; else None."""
    if not latest.is_symlink():
        return None
    target = str(latest.readlink())
    beside = latest.parent / target
    is_name = Path(target).name == target and target != ".."
    return target if is_name and _is_record(beside / "results.json") else None
