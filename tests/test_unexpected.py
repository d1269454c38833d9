"""What nobody foresaw ends in one sentence and exit 4: never in a traceback, never as a verdict."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from idprobe.unexpected import place_of, sentence_about

SECRET: Final = "a-secret-that-an-exception-quotes"
BROKEN: Final = f"""
import idprobe.cli.explain as broken
def crash(*_):
    raise LookupError({SECRET!r})
broken.load_catalogue = crash
from idprobe.__main__ import main
main()
"""


def run(
    *arguments: str, code: str | None = None, stdout: Any = subprocess.PIPE, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *(["-m", "idprobe"] if code is None else ["-c", code]), *arguments],
        env={**os.environ, **environ},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_crash_is_one_sentence_with_type_and_place_and_exit_4() -> None:
    done = run("explain", "x", code=BROKEN)

    assert done.returncode == 4
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("idprobe failed: LookupError at cli/explain.py:")
    assert "please report it" in sentence
    assert SECRET not in done.stderr


def test_a_traceback_goes_where_the_environment_says_and_over_nothing(tmp_path: Path) -> None:
    place = tmp_path / "traceback.txt"

    once = run("explain", "x", code=BROKEN, IDPROBE_DEBUG=str(place))
    again = run("explain", "x", code=BROKEN, IDPROBE_DEBUG=str(place))

    assert "Traceback" not in once.stderr
    assert "LookupError" in place.read_text(encoding="utf-8")
    assert place.stat().st_mode & 0o777 == 0o600
    assert again.returncode == 4
    assert again.stderr.splitlines()[-1].endswith("cannot be written (File exists)")


def test_what_the_system_refuses_is_told_in_its_own_words() -> None:
    error = FileNotFoundError(2, "No such file or directory", "out/results.json")

    said = sentence_about(error)

    assert said.startswith("idprobe failed: out/results.json: No such file or directory")


def test_of_several_errors_the_first_is_placed() -> None:
    several = ExceptionGroup("two", [ValueError(SECRET), KeyError(SECRET)])

    assert place_of(several) == "an unknown place"
    assert SECRET not in sentence_about(several)


@pytest.mark.parametrize("words", [("list", "requirements"), ("list", "probes")], ids=" ".join)
def test_a_reader_who_has_seen_enough_is_no_fault(words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(*words, stdout=writing)
    os.close(writing)

    assert done.stderr == ""
    assert done.returncode == 0


def test_an_output_that_is_full_ends_with_4_and_one_sentence() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = run("list", "requirements", stdout=full)

    assert done.returncode == 4
    (sentence,) = done.stderr.splitlines()
    assert "No space left on device" in sentence


def test_streams_that_were_closed_before_are_no_fault() -> None:
    command = f"{sys.executable} -m idprobe list requirements >&- 2>&-"
    done = subprocess.run(["/bin/sh", "-c", command], check=False)

    assert done.returncode == 0


def test_an_interrupt_while_modules_are_imported_shows_no_traceback() -> None:
    code = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "idprobe.audit.audit":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from idprobe.__main__ import main
main()
"""

    done = run("list", "requirements", code=code)

    assert done.returncode == 130
    assert done.stderr == ""
