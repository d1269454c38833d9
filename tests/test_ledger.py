"""What is owed to be deleted is written down at once, for its owner alone, and outlives us."""

import errno
import json
import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.errors import UsageError
from idprobe.evidence.ledger import Ledger, Owed, ledger_for, left_behind, state_folder
from idprobe.model.profile import bare_profile

ISSUER: Final = "https://id.example"
TOKEN: Final = "registration-token-not-to-be-seen"
OTHER: Final = os.getpid() + 1
OWED: Final = Owed(ISSUER, "one", f"{ISSUER}/register/one", TOKEN)


def test_what_is_kept_is_owed_until_it_is_dropped(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "state")

    ledger.keep(OWED)
    kept = Ledger(tmp_path / "state").owed()
    ledger.drop(OWED)

    assert kept == [OWED]
    assert ledger.owed() == []


def test_a_new_token_replaces_the_old_one(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)

    ledger.keep(OWED)
    ledger.keep(replace(OWED, registration_access_token="newer"))

    assert [one.registration_access_token for one in ledger.owed()] == ["newer"]


def test_the_same_client_id_at_two_servers_is_two_clients(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)

    ledger.keep(OWED)
    ledger.keep(replace(OWED, issuer="https://other.example"))

    assert len(ledger.owed()) == 2


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    Ledger(folder).keep(OWED)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_a_folder_is_prepared_for_its_owner_alone_and_only_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"

    Ledger(folder).prepare()
    Ledger(folder).prepare()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []


def test_a_client_is_forgotten_once_for_all(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.keep(OWED)
    ledger.keep(replace(OWED, client_id="two"))

    ledger.drop(OWED)
    ledger.drop(OWED)

    assert [one.client_id for one in ledger.owed()] == ["two"]


def test_the_place_of_a_client_is_the_one_that_an_older_idprobe_gave_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)

    ledger.keep(OWED)

    assert [path.name for path in tmp_path.iterdir()] == ["1d3dbe1bcee6bab3e89a3d66d1be3ece.json"]


def test_what_cannot_be_written_whole_is_no_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), number)

    monkeypatch.setattr("os.fsync", fail)

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        Ledger(tmp_path).keep(OWED)

    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    assert Ledger(tmp_path).owed() == []


def test_a_client_id_that_is_a_path_stays_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    Ledger(folder).keep(replace(OWED, client_id="../../../etc/passwd"))

    assert [path.parent for path in tmp_path.rglob("*.json")] == [folder]


def test_files_that_are_no_entries_are_left_alone(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.keep(OWED)
    for name, text in {"a": "{", "b": "[]", "c": '{"x": 1}', "d": "\udcff"}.items():
        (tmp_path / f"{name}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "half.part").write_text("{", encoding="utf-8")
    (tmp_path / "folder.json").mkdir()

    assert ledger.owed() == [OWED]


def test_a_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(OWED)


def test_an_entry_without_place_or_token_cannot_be_deleted() -> None:
    assert OWED.can_be_deleted
    assert not replace(OWED, registration_client_uri=None).can_be_deleted
    assert not replace(OWED, registration_access_token=None).can_be_deleted


def asked_by(monkeypatch: pytest.MonkeyPatch, error: OSError | None = None) -> list[int]:
    """Let os.kill harm nobody and end as told; return the list of the processes asked for."""
    asked: list[int] = []

    def kill(number: int, signal: int) -> None:
        assert signal == 0
        asked.append(number)
        if error is not None:
            raise error

    monkeypatch.setattr("os.kill", kill)
    return asked


@pytest.mark.parametrize(
    ("error", "may_be"),
    [(None, True), (PermissionError(), True), (ProcessLookupError(), False)],
    ids=["ours", "of-another-user", "gone"],
)
def test_a_client_may_be_in_use_while_the_process_runs_that_registered_it(
    error: OSError | None, may_be: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_by(monkeypatch, error)

    assert replace(OWED, pid=OTHER).may_be_in_use is may_be
    assert asked == [OTHER]


def test_no_process_is_asked_for_clients_of_our_own_of_long_ago_and_on_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = asked_by(monkeypatch)

    assert not OWED.may_be_in_use
    assert not replace(OWED, pid=None).may_be_in_use
    with monkeypatch.context() as windows:
        windows.setattr("os.name", "nt")
        on_windows = replace(OWED, pid=OTHER).may_be_in_use
    assert not on_windows
    assert asked == []


def test_an_entry_of_an_older_idprobe_names_no_process(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.keep(OWED)
    (path,) = tmp_path.iterdir()
    members = json.loads(path.read_bytes())
    del members["pid"]
    path.write_text(json.dumps(members), encoding="utf-8")

    assert ledger.owed() == [replace(OWED, pid=None)]


def test_the_state_is_where_xdg_says(tmp_path: Path) -> None:
    home = Path.home() / ".local" / "state" / "idprobe" / "registered"

    assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "idprobe" / "registered"
    assert state_folder({"XDG_STATE_HOME": "relative"}) == home
    assert state_folder({}) == home


def test_the_embedded_server_owes_nothing(tmp_path: Path) -> None:
    embedded = replace(bare_profile(ISSUER), embedded="reference")
    ledger = ledger_for(embedded, {"XDG_STATE_HOME": str(tmp_path)})

    ledger.prepare()
    ledger.keep(OWED)

    assert ledger.owed() == []
    assert list(tmp_path.iterdir()) == []


def test_what_this_run_left_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    profile = bare_profile(ISSUER)
    ledger = ledger_for(profile)
    ledger.keep(replace(OWED, client_id="of-another-run", run="another"))
    before = left_behind(profile)

    ledger.keep(OWED)
    one = left_behind(profile) or ""
    ledger.keep(replace(OWED, client_id="two"))
    two = left_behind(profile) or ""

    assert before is None
    assert one.startswith("a registered client is still at https://id.example")
    assert two.startswith("2 registered clients are still at")
    assert "idprobe cleanup" in one


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_registered(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(UsageError, match="XDG_STATE_HOME"):
        Ledger(tmp_path / "file" / "state").prepare()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (BlockingIOError(), "BlockingIOError"),
    ],
)
def test_a_folder_that_takes_no_file_is_told_with_the_reason(
    error: OSError, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = tempfile.TemporaryFile

    def full(**options: Any) -> Any:
        if options.get("dir") == tmp_path:
            raise error
        return create(**options)

    monkeypatch.setattr("tempfile.TemporaryFile", full)

    with pytest.raises(UsageError) as refusal:
        Ledger(tmp_path).prepare()

    assert str(refusal.value) == (
        f"{tmp_path} cannot be written ({why}), so a registered client would be lost: "
        "let XDG_STATE_HOME name another folder"
    )


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": ISSUER, "client_id": None},
        {"issuer": ISSUER, "client_id": "one", "registered_at": 5},
        {"issuer": ISSUER, "client_id": "one", "registration_client_uri": ["x"]},
        {"issuer": ISSUER, "client_id": "one", "pid": "1"},
        {"issuer": ISSUER, "client_id": "one", "pid": 2**80},
        {"issuer": ISSUER, "client_id": "one", "pid": -1},
        ["one"],
    ],
)
def test_a_file_that_somebody_has_been_at_is_left_alone(tmp_path: Path, members: object) -> None:
    ledger = Ledger(tmp_path)
    ledger.keep(OWED)
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps(members), encoding="utf-8")

    assert ledger.owed() == [OWED]
    assert strange.exists()


def test_a_file_that_nests_too_deep_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")

    assert Ledger(tmp_path).owed() == []


def test_a_client_whose_id_is_no_text_of_unicode_is_owed_too(tmp_path: Path) -> None:
    ledger, owed = Ledger(tmp_path), replace(OWED, client_id="\ud800")

    ledger.keep(owed)

    assert ledger.owed() == [owed]
