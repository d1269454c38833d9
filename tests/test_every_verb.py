"""What every verb has: JSON for programs, help with examples, completion in shells."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner

from idprobe.cli.main import commands
from tools.traceability.__main__ import traceability

VERBS: Final = dict(commands.commands)


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_takes_json_and_teaches_by_example(name: str) -> None:
    command = VERBS[name]

    assert any("--json" in one.opts for one in command.params if isinstance(one, click.Option))
    assert f"idprobe {name}" in (command.help or "").partition("\b")[2], name


@pytest.mark.parametrize(
    "words",
    [
        ["cleanup", "--json"],
        ["provision", "--json"],
        ["list", "gallery", "--json"],
        ["explain", "RFC6749-5.1/cache-control-no-store", "--json"],
    ],
    ids=lambda words: str(words[0]),
)
def test_what_json_prints_is_json(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    done = CliRunner().invoke(commands, words, standalone_mode=False)

    assert done.return_value == 0
    assert json.loads(done.stdout)


def test_traceability_lists_who_kills_which_mutant() -> None:
    done = CliRunner().invoke(traceability, ["--wanted"])

    rows = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    assert "token-response-may-be-stored" in rows["RFC6749-5.1/cache-control-no-store"].split()


def test_traceability_as_json_has_the_figures_of_the_table() -> None:
    done = CliRunner().invoke(traceability, ["--json"])

    sources = json.loads(done.stdout)["sources"]
    (rfc6749,) = (one for one in sources if one["name"] == "rfc6749")
    assert rfc6749["in_scope"] == rfc6749["covered"] + rfc6749["reasoned"] + rfc6749["open"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_completion(shell: str) -> None:
    script = run(_IDPROBE_COMPLETE=f"{shell}_source")

    assert "_IDPROBE_COMPLETE" in script.stdout


def test_verbs_and_options_are_completed() -> None:
    verbs = run(_IDPROBE_COMPLETE="bash_complete", COMP_WORDS="idprobe aud", COMP_CWORD="1")
    options = run(
        _IDPROBE_COMPLETE="bash_complete", COMP_WORDS="idprobe audit --fail", COMP_CWORD="2"
    )

    ids = run(
        _IDPROBE_COMPLETE="bash_complete",
        COMP_WORDS="idprobe explain RFC6749-5.1/cache",
        COMP_CWORD="2",
    )

    assert verbs.stdout == "plain,audit\n"
    assert "plain,RFC6749-5.1/cache-control-no-store\n" in ids.stdout
    assert options.stdout == "plain,--fail-on\n"


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run idprobe as its console script does, with variables."""
    code = "import sys; sys.argv[0] = 'idprobe'; from idprobe.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
