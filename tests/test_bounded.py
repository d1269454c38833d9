"""Files that users name: what is no plain file, or has no end, is told in one sentence."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from idprobe.cli.load_diff import loads_in
from idprobe.errors import EvidenceError, ProfileError
from idprobe.formats.bounded import read_bounded
from idprobe.model.profile import Profile, load_profile
from idprobe.report.record import read_results

MIB: Final = 2**20


def profile_with(folder: Path, name: str) -> Profile:
    text = f"""
issuer = "https://id.example"

[clients.web]
client_id = "web"
token_endpoint_auth_method = "client_secret_basic"
redirect_uris = ["https://client.example/cb"]
client_secret = {{ file = "{name}" }}
"""
    path = folder / "acme.toml"
    path.write_text(text, encoding="utf-8")
    return load_profile(path, {})


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def too_much(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(64 * MIB)


def latin(path: Path) -> None:
    path.write_bytes("geheimnis-ü".encode("latin-1"))


def nothing(path: Path) -> None:
    path.write_text(" \n", encoding="utf-8")


def missing(path: Path) -> None:
    assert not path.exists()


def unreachable(path: Path) -> None:
    path.symlink_to(path)


SAID: Final[dict[Callable[[Path], None], str]] = {
    a_pipe: "cannot be read (it is a pipe, and no plain file)",
    a_folder: "cannot be read (it is a folder, and no plain file)",
    a_device: "cannot be read (it is a device, and no plain file)",
    a_socket: "cannot be read",
    too_much: "cannot be read (it is larger than 1 MiB)",
    latin: "is not UTF-8",
    nothing: "is empty",
    missing: "cannot be read (No such file or directory)",
    unreachable: "cannot be read (Too many levels of symbolic links)",
}


@pytest.mark.parametrize("make", SAID, ids=lambda one: one.__name__)
def test_a_value_in_what_is_no_file_of_a_value_is_told(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the address of a socket is short
    make(Path("value"))

    with pytest.raises(ProfileError) as caught:
        profile_with(tmp_path, "value")

    assert SAID[make] in str(caught.value)
    assert "clients.web.client_secret" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_with_a_nul_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="a file name has no NUL"):
        profile_with(tmp_path, "a\\u0000b")


def test_a_link_to_a_file_and_ends_of_lines_are_as_ever(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"first line 4711\r\nsecond\r\n")
    (tmp_path / "value").symlink_to("there")

    assert profile_with(tmp_path, "value").clients["web"].client_secret == "first line 4711\nsecond"


def test_a_profile_without_an_end_is_told() -> None:
    with pytest.raises(ProfileError, match=r"cannot be read \(it is larger than 16 MiB\)"):
        load_profile(Path("/dev/zero"), {})


def test_results_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    huge = tmp_path / "results.json"
    with huge.open("wb") as file:
        file.truncate(129 * MIB)

    with pytest.raises(EvidenceError, match=r"cannot be read \(it is larger than 128 MiB"):
        read_results(huge)
    assert loads_in(huge) == ()


def test_up_to_the_bound_all_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")

    assert read_bounded(path, 4) == b"1234"
    with pytest.raises(OSError, match="larger than"):
        read_bounded(path, 3)
