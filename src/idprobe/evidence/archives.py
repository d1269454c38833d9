"""Evidence in one file: small, and the same octets for the same evidence."""

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from idprobe.errors import EvidenceError

__all__ = ["SUFFIX", "packed", "unpacked"]

SUFFIX: Final = ".tar.xz"
_MAX_FILES: Final = 5_000
_MAX_BYTES: Final = 512 * 2**20


def packed(folder: Path, archive: Path) -> None:
    """Write the files of an evidence folder into an archive, by name, without times or owners."""
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.endswith(".part.jsonl"):
                content = path.read_bytes()
                entry = tarfile.TarInfo(path.name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


@contextlib.contextmanager
def unpacked(evidence: Path) -> Iterator[Path]:
    """Yield the folder of some evidence: itself, or what an archive holds, for a while.

    Raises EvidenceError for an archive that has other things than files side by side, or too many.
    """
    if evidence.is_dir():
        yield evidence
        return
    with tempfile.TemporaryDirectory(prefix="idprobe-evidence-") as folder:
        try:
            _unpack(evidence, Path(folder))
        except (tarfile.TarError, OSError, EOFError) as error:
            raise EvidenceError(f"{evidence} is no archive of evidence: {error}") from None
        yield Path(folder)


def _unpack(archive: Path, folder: Path) -> None:
    size = 0
    with tarfile.open(archive, "r:xz") as tar:
        for number, entry in enumerate(tar):
            size += entry.size
            if not entry.isfile() or Path(entry.name).name != entry.name:
                raise EvidenceError(f"{archive} holds {entry.name!r:.80}, which is no plain file")
            if number >= _MAX_FILES or size > _MAX_BYTES:
                raise EvidenceError(f"{archive} holds more than evidence ever does")
            tar.extract(entry, folder, filter="data")
