import io
import tarfile
from pathlib import Path

import pytest

from idprobe.errors import EvidenceError
from idprobe.evidence.archives import packed, unpacked


def folder_of(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "run.json").write_text("{}", encoding="utf-8")
    (folder / "probe.har").write_text("ä" * 100, encoding="utf-8")
    (folder / "other.part.jsonl").write_text("unfinished", encoding="utf-8")
    return folder


def archive_of(tmp_path: Path, *names: str, kind: bytes = tarfile.REGTYPE) -> Path:
    archive = tmp_path / "strange.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            tar.addfile(entry, io.BytesIO(b""))
    return archive


def test_an_archive_holds_what_the_folder_held(tmp_path: Path) -> None:
    packed(folder_of(tmp_path), tmp_path / "a.tar.xz")

    with unpacked(tmp_path / "a.tar.xz") as folder:
        found = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    assert found == {"run.json": "{}", "probe.har": "ä" * 100}


def test_the_same_evidence_is_the_same_archive(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)

    for name in ("a.tar.xz", "b.tar.xz"):
        packed(folder, tmp_path / name)

    assert (tmp_path / "a.tar.xz").read_bytes() == (tmp_path / "b.tar.xz").read_bytes()


def test_a_folder_is_its_own_evidence(tmp_path: Path) -> None:
    with unpacked(tmp_path) as folder:
        assert folder == tmp_path


@pytest.mark.parametrize("name", ["../outside", "/absolute", "folder/inside"])
def test_nothing_is_unpacked_elsewhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no plain file"), unpacked(archive_of(tmp_path, name)):
        pass


def test_an_archive_with_links_is_no_evidence(tmp_path: Path) -> None:
    archive = archive_of(tmp_path, "link", kind=tarfile.SYMTYPE)

    with pytest.raises(EvidenceError, match="no plain file"), unpacked(archive):
        pass


def test_what_is_no_archive_is_no_evidence(tmp_path: Path) -> None:
    (tmp_path / "x.tar.xz").write_bytes(b"no archive")

    with pytest.raises(EvidenceError, match="no archive"), unpacked(tmp_path / "x.tar.xz"):
        pass
