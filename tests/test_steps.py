"""The steps that checks ask for are steps that probes write."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from idprobe.probes import all_probes

ROOT: Final = Path(__file__).parents[1]
WRITERS: Final = tuple(f"src/idprobe/{room}" for room in ("probes", "flows", "login", "model"))
CHECKS: Final = sorted((ROOT / "conformance").rglob("test_*.py"))


@cache
def steps_written() -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts of the modules that name steps, and patterns of those with a gap."""
    texts, patterns = set(), set()
    for folder in WRITERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(text)):
                        texts |= {text, text.rpartition("/")[2]}  # a document has its path's end
                    case ast.JoinedStr(values=parts):
                        patterns.add("".join(_pattern_of(part) for part in parts))
                    case _:
                        pass
    return frozenset(texts), frozenset(p for p in patterns if re.search("[a-z]", p))


def _pattern_of(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case _:
            return ".+"


def steps_asked(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each step that a check takes from a probe's trace by a plain name, with the probe."""
    for check in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(check, ast.FunctionDef):
            continue
        probes = {argument.arg for argument in check.args.args} & all_probes().keys()
        for node in ast.walk(check):
            match node:
                case ast.Subscript(value=ast.Name(id=probe), slice=ast.Constant(value=str(step))):
                    if probe in probes:
                        yield probe, step
                case _:
                    pass


@pytest.mark.parametrize("path", CHECKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_probes_write_the_steps_that_checks_ask_for(path: Path) -> None:
    texts, patterns = steps_written()

    unknown = [
        f"{probe}: {step}"
        for probe, step in steps_asked(path)
        if step not in texts and not any(re.fullmatch(pattern, step) for pattern in patterns)
    ]

    assert unknown == [], f"no probe writes {unknown}: correct the name in {path.name}"


def test_checks_ask_for_steps_by_name() -> None:
    assert sum(len(list(steps_asked(path))) for path in CHECKS) > 400
