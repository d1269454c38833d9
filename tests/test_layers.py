"""The import arrows of the house, as `ARCHITECTURE.md` states them, and its sizes."""

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src"
FREE: Final = frozenset({"errors", "content", "unexpected"})
"""Modules beside the rooms, which every room may import."""
LINES: Final = 400
FILES: Final = 16

FIRST: Final = "first_flaw"
CLAIM: Final = "flaw_not_refused_with"
"""A function that returns a claim, which in turn returns a flaw."""


@cache
def stated() -> dict[str, frozenset[str]]:
    """Return the table of rooms: what each may import, highest room first."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("| Room | What is in it | May import |")[2].partition("\n\n")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return {
        re.findall(r"`([^`]+)`", row[0])[0]: frozenset(re.findall(r"`([^`]+)`", row[2]))
        for row in rows
    }


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES: Final = {module_of(path): path for path in sorted(SOURCE.rglob("*.py"))}


def room_of(module: str) -> str:
    """Return the room of a module: the longest name in the table that leads to it."""
    package, _, rest = module.partition(".")
    if package == "idprobe_reference":
        return package
    leading = [room for room in stated() if f"{rest}.".startswith(f"{room}.")]
    return max(leading, key=len, default=rest.partition(".")[0])


def modules_imported(path: Path) -> set[str]:
    """Return the modules of ours that a module imports, wherever in the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    inner = f"{module}.{alias.name}"
                    found.add(inner if inner in MODULES else module)
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case _:
                pass
    return found & MODULES.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_what_the_table_lists(module: str) -> None:
    room = room_of(module)
    if room in {"", "__main__"}:
        return

    imported = {room_of(other) for other in modules_imported(MODULES[module])} - {room} - FREE
    allowed = {"formats"} if room == "idprobe_reference" else stated().get(room, frozenset())

    assert imported <= allowed, f"{room} imports {sorted(imported - allowed)}"


def test_every_room_lists_only_rooms_below_it() -> None:
    rooms = [*stated()]

    upward = [
        (room, other)
        for at, room in enumerate(rooms)
        for other in stated()[room]
        if rooms.index(other) <= at
    ]

    assert upward == []


def test_the_product_imports_nothing_of_the_reference_server() -> None:
    importers = [
        module
        for module, path in MODULES.items()
        if module.partition(".")[0] == "idprobe"
        and any(name.startswith("idprobe_reference") for name in modules_imported(path))
    ]

    assert importers == []


def test_the_table_lists_no_arrow_that_nobody_uses() -> None:
    used = {
        (room_of(module), room_of(other))
        for module, path in MODULES.items()
        for other in modules_imported(path)
    }

    assert {(r, o) for r, others in stated().items() for o in others} - used == set()


def test_every_module_is_in_a_room_of_the_table() -> None:
    rooms = {room_of(module) for module in MODULES}

    assert rooms - {"", "__main__", "idprobe_reference"} - FREE == stated().keys()


def test_every_folder_has_few_files() -> None:
    folders = {path.parent for path in MODULES.values()}

    assert [f for f in sorted(folders) if len(list(f.glob("*.py"))) > FILES] == []


def test_no_file_is_long() -> None:
    long = {
        str(path.relative_to(SOURCE))
        for path in MODULES.values()
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES
    }

    assert long == set()


def test_locust_is_imported_in_one_module_alone() -> None:
    imported_by = {
        str(path.relative_to(SOURCE))
        for path in MODULES.values()
        if any(
            name.partition(".")[0] == "locust"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            for name in chain(
                [node.module or ""] if isinstance(node, ast.ImportFrom) else [],
                [a.name for a in node.names] if isinstance(node, ast.Import) else [],
            )
        )
    }

    assert imported_by <= {"idprobe/load/locust/users.py"}


def test_a_check_imports_the_words_of_checks_alone() -> None:
    imported = {
        node.module
        for path in (ROOT / "conformance").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("idprobe")
    }

    assert imported == {"idprobe.checks"}


def returned_by(node: ast.FunctionDef) -> str:
    return "" if node.returns is None else ast.unparse(node.returns)


def test_what_returns_a_flaw_says_so_in_its_name() -> None:
    functions = [
        (node.name, returned_by(node))
        for module, path in MODULES.items()
        if room_of(module) in {"reading", "checks"}
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    flaws = {name for name, returned in functions if returned == "Flaw | None"}

    assert flaws == {name for name, _ in functions if "flaw_" in name} - {CLAIM} | {FIRST}
    assert dict(functions)[CLAIM] == "Claim"
