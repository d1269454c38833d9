"""The guide docs/how-to/add-a-check.md, followed word for word in a copy of the repository.

Each block of commands is run, each block of text is what it has to print, and each block of code
is put where the sentence before it says. Sessions of nox run their commands without nox.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idprobe.formats.schemas import schema
from idprobe.model.profile.terms import KINDS

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "how-to" / "add-a-check.md"
COPIED: Final = (
    "conformance",
    "fixtures",
    "loadtests",
    "pyproject.toml",
    "reports/templates",
    "src",
    "tests",
    "tools",
)
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE: Final = re.compile(r"^Replace the stub in `([^`]+)` by:$")
OF_OTHERS: Final = ("python3 -m venv", ". .venv", "pip ", "git ")
"""How commands begin that set the reader up or show what changed: they are not run."""
SESSION: Final = re.compile(r"nox -s ([a-z_ ]+?)(?: --.*)?")
STUBS: Final = "nox -s new_check -- "


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page: its language, its text, and the sentence before it."""

    language: str
    text: str
    before: str


def blocks() -> list[Block]:
    """Return the blocks of the page, in order."""
    page = PAGE.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], page[: found.start()].rstrip().rpartition("\n")[2])
        for found in BLOCK.finditer(page)
    ]


def commands(block: Block) -> Iterator[str]:
    """Yield the commands of a block that are run here."""
    for line in block.text.splitlines():
        if line.startswith(STUBS):
            yield line.replace(STUBS, "python -m tools.new_check ")
        elif not line.startswith((*OF_OTHERS, "nox ")):
            yield line


def copied(folder: Path) -> Path:
    """Copy what the reader's clone has, with the bytecode that is there; return the copy."""
    ignored = shutil.ignore_patterns("node_modules")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


def run(command: str, folder: Path) -> tuple[int, str]:
    """Run a command of the page in the copy; return its exit code and what it printed."""
    paths = (str(folder / "src"), str(folder))
    done = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 -- the shell of the reader
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTEST_ADDOPTS": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def put(block: Block, path: Path) -> None:
    """Put the code of a block where the stub is: an entry, the last thing of a file, or all."""
    text = path.read_text(encoding="utf-8")
    if block.language == "toml":
        identifier = tomllib.loads(block.text)["requirement"][0]["id"]
        head, *entries = re.split(r"(?m)^(?=\[\[requirement\]\])", text)
        (at,) = [n for n, one in enumerate(entries) if f'id = "{identifier}"' in one]
        entries[at] = f"{block.text}\n"
        text = head + "".join(entries)
    elif block.text.startswith('"""'):
        text = block.text
    else:
        above = text.rpartition("\n\n\n@")[0]
        text = f"{above}\n\n\n{block.text}"
    path.write_text(text, encoding="utf-8")


def test_the_guide_comes_to_what_it_promises(tmp_path: Path) -> None:
    clone, printed, failed = copied(tmp_path / "clone"), "", False

    for block in blocks():
        place = PLACE.match(block.before)
        if block.language == "sh":
            ended = [run(command, clone) for command in commands(block)]
            printed = "".join(text for _, text in ended)
            failed = any(code != 0 for code, _ in ended)
        elif block.language == "text":
            missing = [line for line in block.text.splitlines() if line not in printed]
            assert not missing, f"the guide promises {missing}; printed was:\n{printed[-3000:]}"
            assert failed == ("FAILED" in block.text), printed[-3000:]
        elif place is not None:
            put(block, clone / place[1])


def test_every_other_block_of_python_is_code_of_ours() -> None:
    ours = [
        path.read_text(encoding="utf-8")
        for folder in ("conformance", "src/idprobe/probes")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    shown = [one for one in blocks() if one.language == "python" and not PLACE.match(one.before)]

    assert len(shown) == 2
    assert [one.text for one in shown if not any(one.text in text for text in ours)] == []


def test_every_session_of_the_guide_is_one_of_nox() -> None:
    told = {
        session
        for block in blocks()
        if block.language == "sh"
        for line in block.text.splitlines()
        if (found := SESSION.fullmatch(line)) is not None
        for session in found[1].split()
    }
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")

    assert {"lint", "new_check", "mutants", "interop"} <= told
    assert [one for one in sorted(told) if f"\ndef {one}(session" not in noxfile] == []


def test_every_key_of_an_entry_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    keys = schema("requirements")["$defs"]["requirement"]["properties"]

    assert [one for one in keys if not re.search(rf"(?m)^\|[^|]*`{one}`[^|]*\|", page)] == []


def test_every_kind_of_condition_is_named() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
