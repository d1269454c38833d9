"""What was recorded of real servers and of famous faults is judged as it was: no check wavers."""

import re
from functools import cache
from typing import Final

import pytest
from tests.recorded import by_hand
from tests.recorded.record import FAULTS, FOLDER, SERVERS, Row, rows, written

from idprobe.evidence.archives import SUFFIX, unpacked

HOW: Final = (
    "if that is meant, run `python -m tests.recorded.record --verdicts` (or without the option, "
    "with the servers of fixtures/servers running, when a probe was added or changed) and read "
    "the difference in fixtures/recorded/verdicts.tsv"
)
MOST_BYTES: Final = 3_000_000


@cache
def judged_now() -> frozenset[Row]:
    """Return the verdicts on all that was recorded."""
    return frozenset(rows())


def shown(different: set[Row] | frozenset[Row]) -> str:
    """Return some rows in lines."""
    return "\n".join(" ".join(row) for row in sorted(different)[:20])


def test_recordings_are_judged_as_they_were() -> None:
    before, now = frozenset(written()), judged_now()
    known = {row[:3] for row in before}

    changed = {row for row in now - before if row[:3] in known}
    assert not changed, f"verdicts changed:\n{shown(changed)}\n{HOW}"


def test_every_check_has_judged_the_recordings() -> None:
    known, now = {row[:3] for row in written()}, {row[:3] for row in judged_now()}

    new = {row for row in judged_now() if row[:3] not in known}
    gone = {row for row in written() if row[:3] not in now}
    assert not new, f"checks were added:\n{shown(new)}\n{HOW}"
    assert not gone, f"checks are gone:\n{shown(gone)}\n{HOW}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_famous_fault_is_seen_in_its_recording(fault: str) -> None:
    verdicts = {row[3] for row in judged_now() if row[0] == f"faults/{fault}"}

    assert "violated" in verdicts


@pytest.mark.parametrize("server", SERVERS)
def test_the_recording_of_a_server_decides_something(server: str) -> None:
    verdicts = [row[3] for row in judged_now() if row[0] == server]

    assert verdicts.count("satisfied") > len(verdicts) / 3
    assert "violated" not in verdicts, "a violation that its profile does not declare"


def test_recordings_are_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()]

    assert sum(sizes) < MOST_BYTES


def test_no_recording_names_a_folder_of_the_machine_that_made_it() -> None:
    told = [(FOLDER / "faults" / "runs.json").read_text(encoding="utf-8")]
    for name in SERVERS:
        with unpacked(FOLDER / f"{name}{SUFFIX}") as folder:
            told.append((folder / "run.json").read_text(encoding="utf-8"))

    assert [re.findall(r'"where": ?"[^"]*/', text) for text in told] == [[], [], []]


@pytest.mark.parametrize("name", by_hand.NAMES)
def test_what_was_written_by_hand_is_judged_as_the_specification_says(name: str) -> None:
    recording = by_hand.read(name)

    verdicts = by_hand.found(recording)

    seen = {one: verdicts.get(one, set()) for one in recording.expected}
    wrong = {
        one: seen[one]
        for one, wanted in recording.expected.items()
        if wanted not in seen[one] or ("violated" in seen[one]) != (wanted == "violated")
    }
    assert not wrong, recording.because


def test_recordings_by_hand_are_of_bad_servers_and_of_sound_ones() -> None:
    wanted = [{*by_hand.read(name).expected.values()} for name in by_hand.NAMES]

    assert wanted.count({"violated"}) >= 12
    assert wanted.count({"satisfied"}) >= 5
